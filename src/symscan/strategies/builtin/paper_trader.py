"""Trade a scanner's hits on paper: in at the next bar's open, out at a stop, a target or the end.

The size follows the symbol's average true range, so that every trade risks about the same amount: a stop is
``stop_atr`` ranges away, and as many shares are bought as lose ``risk`` there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from symscan.errors import SpecError
from symscan.indicators.registry import spec_of
from symscan.strategies.base import BaseStrategy, ScanReport, Signal, StrategyContext, SymbolSkipped
from symscan.strategies.paper.rules import PaperRules


class Params(BaseModel):
    """What ``config`` may hold; amounts of money are in the currency of the prices."""

    model_config = ConfigDict(extra="forbid", strict=True)

    scanner: str = Field(description="The scanner whose finds are traded.")
    direction: Literal["long", "short", "with_change"] = Field(
        "long", description="with_change: long what is up on the day, short what is down."
    )
    atr: str = Field("atr_14_1d", description="The average true range that sizes are made by.")
    stop_atr: float = Field(0.5, gt=0, description="Distance of the stop, in ranges.")
    target_atr: float | None = Field(1.0, gt=0, description="Distance of the target; null sets none.")
    risk: float = Field(100.0, gt=0, description="What a trade loses at its stop, before costs.")
    max_value: float = Field(25_000.0, gt=0, description="What a trade's shares may cost at most.")
    max_positions: int = Field(10, gt=0, description="How many symbols are traded at one time.")
    capital: float | None = Field(
        None, gt=0, description="What drawdown and exposure are of; null: max_positions times max_value."
    )
    delay_minutes: int = Field(0, ge=0, le=60, description="From a find to the earliest fill.")
    slippage_bps: float = Field(5.0, ge=0, le=1000, description="Hundredths of a percent, a side.")
    commission_per_share: float = Field(0.005, ge=0, description="For every share bought or sold.")
    allow_short: bool = Field(False, description="Whether to sell short; borrowing is not verified.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.direction == "short" and not self.allow_short:
            raise ValueError('direction "short" needs "allow_short": true')
        try:
            spec_of(self.atr)
        except SpecError as error:
            raise ValueError(f"atr: {error}") from None
        return self


class Strategy(BaseStrategy):
    """Trades each symbol once a session, when the scanner finds it for the first time."""

    params = Params

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._params = params = Params.model_validate(config)
        self.watches = (params.scanner,)
        self.paper = PaperRules(
            delay_minutes=params.delay_minutes,
            slippage_bps=params.slippage_bps,
            commission_per_share=params.commission_per_share,
            allow_short=params.allow_short,
            capital=params.capital or params.max_positions * params.max_value,
        )

    def on_symbol_added(self, context: StrategyContext, symbol: str) -> None:
        """Request the indicator of the position size; it is warm when the scan is reported."""
        context.session_data.add_indicator(symbol, self._params.atr)

    def on_scan(self, context: StrategyContext, report: ScanReport) -> Iterator[Signal | SymbolSkipped]:
        """Decide upon each new hit, best first."""
        if report.scanner != self._params.scanner:
            return
        remaining = self._params.max_positions - len(context.busy)
        for symbol in report.new:
            decision = self._decide(context, symbol, may_open=remaining > 0)
            remaining -= isinstance(decision, Signal)
            yield decision

    def _decide(self, context: StrategyContext, symbol: str, *, may_open: bool) -> Signal | SymbolSkipped:
        atr = context.session_data.get_indicator(symbol, self._params.atr)
        price = context.session_data.get_latest_price(symbol)
        side = self._side(context, symbol)
        if side is None:
            return SymbolSkipped(symbol, "it is not up on the day, and allow_short is off")
        if symbol in context.busy:
            return SymbolSkipped(symbol, "it is traded already")
        if not may_open:
            return SymbolSkipped(symbol, f"{self._params.max_positions} symbols are traded already")
        if not atr or not atr > 0 or not price > 0:
            return SymbolSkipped(symbol, f"{self._params.atr} or the price is unknown")
        return self._signal(symbol, side, float(atr), price)

    def _signal(self, symbol: str, side: str, atr: float, price: float) -> Signal | SymbolSkipped:
        stop, target = self._params.stop_atr * atr, self._params.target_atr
        shares = math.floor(min(self._params.risk / stop, self._params.max_value / price))
        if shares < 1:
            return SymbolSkipped(symbol, "a single share is too much")
        return Signal(
            symbol,
            side,
            shares,
            stop_distance=stop,
            target_distance=None if target is None else target * atr,
            reason=f"found by {self._params.scanner}",
        )

    def _side(self, context: StrategyContext, symbol: str) -> str | None:
        """Return long or short; None where only a short would do and none is allowed."""
        if self._params.direction != "with_change":
            return self._params.direction
        (change,) = context.session_data.frame(["change_pct"], [symbol])["change_pct"]
        if change is not None and change > 0:
            return "long"
        return "short" if change is not None and change < 0 and self._params.allow_short else None
