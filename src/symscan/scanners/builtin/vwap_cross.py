"""VWAP cross scanner: symbols whose last five-minute close has changed sides of the day's VWAP.

``vwap_cross_5_1m`` keeps the last two completed closes, each with VWAP at its own bar's end, so
that a scan in the middle of a bar finds the same as the scan before it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class VwapCrossParams(BaseModel):
    """What the VWAP cross scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    bar_minutes: Literal[5, 6, 10, 15, 30] = Field(
        5, description="The length of the bars whose closes count."
    )
    direction: Literal["both", "up", "down"] = Field("both", description="Which crossings count.")
    min_distance_percent: float = Field(
        0.0, ge=0, description="How far beyond VWAP the last close must be, in percent."
    )
    min_volume: float = Field(0.0, ge=0, description="Shares traded in the session so far.")
    max_age_minutes: float | None = Field(5.0, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds crossings, the farthest beyond VWAP first."""

    params = VwapCrossParams

    def screen(self) -> Screen:
        """The last close on one side, the one before on the other."""
        params = VwapCrossParams.model_validate(self.config)
        key = f"vwap_cross_{params.bar_minutes}_1m"
        crosses = {"both": f"{key}.cross <> 0", "up": f"{key}.cross > 0", "down": f"{key}.cross < 0"}
        distance = f"100 * ABS({key}.close / {key}.vwap - 1)"
        return Screen(
            where=f"{crosses[params.direction]} AND {distance} >= {params.min_distance_percent} "
            f"AND volume >= {params.min_volume}",
            rank=distance,
            show=(f"{key}.cross", f"{key}.close_before", f"{key}.vwap_before", "close", "volume"),
            max_age_minutes=params.max_age_minutes,
        )
