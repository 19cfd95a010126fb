"""Pre-market movers: symbols whose price has moved before the open, with volume behind it.

For ``pre_session`` scans. ``gap_pct`` is the change of the last pre-market price from the previous
close, and after the open that of the session's open: a later scan still finds what moved overnight.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class PremarketMoversParams(BaseModel):
    """What the pre-market movers scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    min_change_percent: float = Field(
        3.0, ge=0, description="The smallest move from the previous close that counts, in percent."
    )
    direction: Literal["both", "up", "down"] = Field("both", description="Which moves count.")
    min_volume: float = Field(50_000.0, ge=0, description="Shares traded before the open.")
    min_price: float | None = Field(None, ge=0, description="The lowest last price.")
    max_age_minutes: float | None = Field(
        15.0, ge=0, description="An older last bar makes a symbol unknown; few symbols trade every minute."
    )


class Scanner(ScreenScanner):
    """Finds pre-market moves, the largest first."""

    params = PremarketMoversParams

    def screen(self) -> Screen:
        """Move and pre-market volume, each at least its minimum; no pre-market trade is unknown."""
        params = PremarketMoversParams.model_validate(self.config)
        size = {"both": "ABS(gap_pct)", "up": "gap_pct", "down": "-gap_pct"}[params.direction]
        where = f"{size} >= {params.min_change_percent} AND premarket_volume >= {params.min_volume}"
        if params.min_price is not None:
            where += f" AND close >= {params.min_price}"
        return Screen(
            where=where,
            rank=size,
            show=("close", "previous_close", "premarket_high", "premarket_low"),
            max_age_minutes=params.max_age_minutes,
        )
