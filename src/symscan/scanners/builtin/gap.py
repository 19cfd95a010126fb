"""Gap scanner: symbols whose price has moved away from the previous close, with volume behind it.

A scanner with parameters: ``Params`` says what the configuration may hold, ``screen`` turns it into
one condition. All data the condition names is loaded because it is named.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from symscan import Screen, ScreenScanner


class GapParams(BaseModel):
    """What the gap scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    min_gap_percent: float = Field(2.0, ge=0, description="The smallest move that counts, in percent.")
    max_gap_percent: float | None = Field(None, ge=0, description="The largest move that counts, in percent.")
    direction: Literal["both", "up", "down"] = Field("both", description="Which moves count.")
    measure: Literal["last", "open"] = Field(
        "last", description="The previous close against the last price, or against the session's open."
    )
    min_volume: float = Field(
        0.0, ge=0, description="Shares of the session so far; before the open, of the pre-market."
    )
    min_price: float | None = Field(None, ge=0, description="The lowest last price.")
    max_price: float | None = Field(None, ge=0, description="The highest last price.")
    max_age_minutes: float | None = Field(5.0, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds price gaps, the largest first."""

    params = GapParams

    def screen(self) -> Screen:
        """The configured conditions, joined by AND."""
        params = GapParams.model_validate(self.config)
        gap = "gap_pct" if params.measure == "open" else "change_pct"
        size = {"both": f"ABS({gap})", "up": gap, "down": f"-{gap}"}[params.direction]
        # Until the open the session has no volume; after it, a symbol without a regular bar has no price.
        volume = "COALESCE(volume, premarket_volume)"
        limits = [(size, ">=", params.min_gap_percent), (size, "<=", params.max_gap_percent)]
        limits += [("close", ">=", params.min_price), ("close", "<=", params.max_price)]
        if params.min_volume > 0:  # with no minimum, a symbol of unknown volume is as good as any
            limits.append((volume, ">=", params.min_volume))
        return Screen(
            where=" AND ".join(f"{what} {sign} {limit}" for what, sign, limit in limits if limit is not None),
            rank=size,
            show=("gap_pct", "change_pct", "close", "volume", "premarket_volume"),
            max_age_minutes=params.max_age_minutes,
        )
