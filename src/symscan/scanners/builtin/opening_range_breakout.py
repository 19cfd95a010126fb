"""Opening range breakout: symbols that have closed a minute beyond the range of the first minutes.

A scanner keeps nothing from scan to scan. What has to be remembered over the day, the range and the
first break of either side, is an indicator's: ``opening_range_15_1m`` with the outputs ``high``,
``low``, ``up``, ``down``, ``minutes_since_up`` and ``minutes_since_down``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class OpeningRangeBreakoutParams(BaseModel):
    """What the opening range breakout scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    range_minutes: int = Field(
        15, ge=5, le=240, description="Minutes since the open; at least half must have a bar."
    )
    direction: Literal["both", "up", "down"] = Field("both", description="Which breaks count.")
    max_minutes_since_break: float | None = Field(
        None, ge=0, description="Only first breaks at most that long ago; none: all of the session."
    )
    min_volume: float = Field(0.0, ge=0, description="Shares traded in the session so far.")
    max_age_minutes: float | None = Field(5.0, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds breakouts, those farthest beyond their range first."""

    params = OpeningRangeBreakoutParams

    def screen(self) -> Screen:
        """The first close beyond the range, of the sides that count; unknown until the range is over."""
        params = OpeningRangeBreakoutParams.model_validate(self.config)
        key = f"opening_range_{params.range_minutes}_1m"
        sides = ("up", "down") if params.direction == "both" else (params.direction,)
        up, down = f"close / {key}.high - 1", f"1 - close / {key}.low"
        beyond = {"both": f"GREATEST({up}, {down})", "up": up, "down": down}
        breaks = " OR ".join(_break(key, side, params.max_minutes_since_break) for side in sides)
        return Screen(
            where=f"({breaks}) AND volume >= {params.min_volume}",
            rank=beyond[params.direction],
            show=(f"{key}.high", f"{key}.low", *(f"{key}.minutes_since_{side}" for side in sides), "close"),
            max_age_minutes=params.max_age_minutes,
        )


def _break(key: str, side: str, within: float | None) -> str:
    if within is None:
        return f"{key}.{side} = 1"
    return f"({key}.{side} = 1 AND {key}.minutes_since_{side} <= {within})"
