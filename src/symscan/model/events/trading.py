"""What strategies did: their signals, what came of them on paper, and how they fared."""

from __future__ import annotations

from dataclasses import dataclass

from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.trading import PaperResult, Signal, Trade, Unfilled


@dataclass(frozen=True, slots=True)
class StrategyStarted(Event):
    """A strategy takes part in the session; on paper or, with ``on_paper`` False, by its signals alone.

    ``capital`` is what its drawdown and exposure are measured against, None where that is not known.
    """

    strategy: str
    on_paper: bool
    capital: float | None = None


@dataclass(frozen=True, slots=True)
class StrategyFailed(Event):
    """A strategy raised, or broke the contract, in one of its methods; it is called no more."""

    strategy: str
    method: str
    error: str


@dataclass(frozen=True, slots=True)
class SignalEmitted(Event):
    """A strategy decided something; its signals are numbered from 1 in each session."""

    strategy: str
    number: int
    signal: Signal


@dataclass(frozen=True, slots=True)
class SymbolPassed(Event):
    """A strategy skipped a symbol."""

    strategy: str
    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderFilled(Event):
    """A trade was opened on paper in the bar that starts at ``bar_start``; ``price`` holds slippage."""

    strategy: str
    number: int
    symbol: str
    shares: int
    bar_start: Instant
    price: float


@dataclass(frozen=True, slots=True)
class OrderUnfilled(Event):
    """A signal came to nothing."""

    strategy: str
    number: int
    decided_at: Instant
    signal: Signal
    why: Unfilled


@dataclass(frozen=True, slots=True)
class TradeClosed(Event):
    """A trade on paper is over."""

    strategy: str
    trade: Trade


@dataclass(frozen=True, slots=True)
class StrategyDone(Event):
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
