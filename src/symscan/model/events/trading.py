"""What strategies did: their signals, what came of them on paper, and how they fared."""

from __future__ import annotations

from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.trading import PaperResult, Signal, Trade, Unfilled


class StrategyStarted(Event, frozen=True):
    """A strategy takes part in the session; on paper or, with ``on_paper`` False, by its signals alone.

    ``capital`` is what its drawdown and exposure are measured against, None where that is not known.
    """

    strategy: str
    on_paper: bool
    capital: float | None = None


class StrategyFailed(Event, frozen=True):
    """A strategy raised, or broke the contract, in one of its methods; it is called no more."""

    strategy: str
    method: str
    error: str


class SignalEmitted(Event, frozen=True):
    """A strategy decided something; its signals are numbered from 1 in each session."""

    strategy: str
    number: int
    signal: Signal


class SymbolPassed(Event, frozen=True):
    """A strategy skipped a symbol."""

    strategy: str
    symbol: str
    reason: str


class OrderFilled(Event, frozen=True):
    """A trade was opened on paper in the bar that starts at ``bar_start``; ``price`` holds slippage."""

    strategy: str
    number: int
    symbol: str
    shares: int
    bar_start: Instant
    price: float


class OrderUnfilled(Event, frozen=True):
    """A signal came to nothing."""

    strategy: str
    number: int
    decided_at: Instant
    signal: Signal
    why: Unfilled


class TradeClosed(Event, frozen=True):
    """A trade on paper is over."""

    strategy: str
    trade: Trade


class StrategyDone(Event, frozen=True):
    """A strategy's session is over; without paper it has no results."""

    strategy: str
    signals: int
    results: tuple[PaperResult, ...]


__all__ = [
    "OrderFilled",
    "OrderUnfilled",
    "SignalEmitted",
    "StrategyDone",
    "StrategyFailed",
    "StrategyStarted",
    "SymbolPassed",
    "TradeClosed",
]
