"""New high scanner: symbols above every price of the last year, or at the high of their day.

``highest_252_1d`` reads the completed sessions before today and is known only if all of them have a
bar: a symbol listed last month makes no 52-week high.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class NewHighParams(BaseModel):
    """What the new high scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    sessions: int = Field(
        252, ge=0, le=2500, description="How many completed sessions back; 252 is 52 weeks, 0 today alone."
    )
    at_day_high: bool = Field(
        False, description="Only while the last minute's bar makes, or equals, the high of the day."
    )
    min_volume: float = Field(0.0, ge=0, description="Shares traded in the session so far.")
    min_price: float | None = Field(None, ge=0, description="The lowest last price.")
    max_age_minutes: float | None = Field(5.0, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds new highs, the farthest above the old one first; without an old one, by the day's change."""

    params = NewHighParams

    def screen(self) -> Screen:
        """Today's high above the old one, or the last minute's at today's."""
        params = NewHighParams.model_validate(self.config)
        highest = f"highest_{params.sessions}_1d"
        conditions = [f"volume >= {params.min_volume}"]
        if params.sessions:
            conditions.append(f"high > {highest}")
        if params.at_day_high or not params.sessions:
            conditions.append("highest_1_1m >= high")
        if params.min_price is not None:
            conditions.append(f"close >= {params.min_price}")
        return Screen(
            where=" AND ".join(conditions),
            rank=f"high / {highest}" if params.sessions else "change_pct",
            show=("high", "close", "change_pct", "volume"),
            max_age_minutes=params.max_age_minutes,
        )
