"""Volume scanner: symbols that trade more than they usually have by this time of the day.

Trading is heavy at the open and the close, so the session's volume so far is held against the mean
volume *by the same minute* of the sessions before, not against a whole day or the last few bars.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class VolumeParams(BaseModel):
    """What the volume scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    min_ratio: float = Field(
        2.0, ge=0, description="The session's volume over its mean by the same minute; 2.0 is twice as much."
    )
    sessions: int = Field(
        10, ge=5, le=250, description="How many sessions before; at least 5 of them must be known."
    )
    min_volume: float = Field(0.0, ge=0, description="Shares traded in the session so far.")
    min_price: float | None = Field(None, ge=0, description="The lowest last price.")
    max_age_minutes: float | None = Field(5.0, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds unusual volume, the most unusual first."""

    params = VolumeParams

    def screen(self) -> Screen:
        """The ratio at least its minimum; the hit shows both volumes it comes from."""
        params = VolumeParams.model_validate(self.config)
        relative = f"relative_volume_{params.sessions}_1m"
        where = f"{relative}.ratio >= {params.min_ratio} AND volume >= {params.min_volume}"
        if params.min_price is not None:
            where += f" AND close >= {params.min_price}"
        return Screen(
            where=where,
            rank=f"{relative}.ratio",
            show=(f"{relative}.typical", "volume", "change_pct", "close"),
            max_age_minutes=params.max_age_minutes,
        )
