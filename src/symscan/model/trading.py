"""Trading on paper: what a strategy decides, and what comes of it."""

from __future__ import annotations

import math
from enum import StrEnum
from numbers import Real
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from symscan.model.instant import Instant

_MOST_SHARES: Final = 1_000_000_000


class Action(StrEnum):
    """The action of a signal."""

    LONG = "long"
    SHORT = "short"
    EXIT = "exit"


class Unfilled(StrEnum):
    """Why a signal came to nothing."""

    NO_BAR = "no_bar_in_time"
    NO_VOLUME = "too_little_volume"
    SESSION_END = "session_end"
    CANCELLED = "cancelled_by_exit"
    NOT_A_MEMBER = "not_a_member"
    SHORT_NOT_ALLOWED = "short_not_allowed"
    NO_POSITION = "no_position"


class ExitReason(StrEnum):
    """What ended a trade."""

    STOP = "stop"
    TARGET = "target"
    SIGNAL = "signal"
    SESSION_END = "session_end"
    BROKEN_OFF = "broken_off"


class Flag(StrEnum):
    """What to doubt in a trade."""

    PARTIAL = "partial"
    BORROW_UNVERIFIED = "borrow_unverified"
    NO_BAR_AT_END = "no_bar_at_end"
    THIN_EXIT = "thin_exit"


class Signal(Struct, frozen=True):
    """One decision of a strategy.

    Attributes
    ----------
    symbol
        A member of the session.
    action
        ``long`` and ``short`` open a trade, ``exit`` closes all of the strategy's in the symbol.
    shares
        How many; for an exit, 0.
    stop_distance, target_distance
        How far from the open it fills at the trade is given up, and its profit taken, in price
        units above 0; None sets no such limit.
    reason
        Why, for the reader.

    Raises
    ------
    ValueError
        If shares are no whole number from 1 to a billion (0 for an exit), a distance is not a positive
        number, or symbol or reason is no text.
    """

    symbol: str
    action: Action | str
    shares: int = 0
    stop_distance: float | None = None
    target_distance: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "action", Action(self.action))
        _check_texts(self.symbol, self.reason)
        force_setattr(self, "shares", _whole(self.shares))
        if self.shares < 0 or (self.action is Action.EXIT) != (self.shares == 0):
            raise ValueError(f"shares is {self.shares}; an exit has 0, any other signal at least 1")
        for name in ("stop_distance", "target_distance"):
            force_setattr(self, name, _distance(name, getattr(self, name)))


class SymbolSkipped(Struct, frozen=True):
    """A symbol a strategy skipped, and why."""

    symbol: str
    reason: str

    def __post_init__(self) -> None:
        _check_texts(self.symbol, self.reason)


class Position(Struct, frozen=True):
    """An open trade, as its strategy sees it.

    Attributes
    ----------
    number
        That of the signal that opened it.
    price
        What was paid or received a share, slippage included.
    since
        The start of the bar it was filled in, UTC microseconds.
    stop, target
        Prices; None where there is none.
    """

    number: int
    symbol: str
    side: Action
    shares: int
    price: float
    since: Instant
    stop: float | None
    target: float | None


class Trade(Struct, frozen=True):
    """One trade from its decision to its end; amounts are in the currency of the prices.

    Attributes
    ----------
    decided_at
        When the signal was given.
    requested, shares
        Shares wanted, and shares filled.
    entry_at, exit_at
        The starts of the bars it was filled in.
    entry_price, exit_price
        A share, slippage included.
    stop, target
        Prices; None where there was none.
    exit_reason
        What ended it; a trade broken off with its session has no exit and no result.
    gross
        The result before costs.
    slippage, commission
        The costs, entry and exit together.
    net
        ``gross - slippage - commission``.
    """

    number: int
    symbol: str
    side: Action
    decided_at: Instant
    requested: int
    shares: int
    entry_at: Instant
    entry_price: float
    stop: float | None
    target: float | None
    exit_at: Instant | None
    exit_price: float | None
    exit_reason: ExitReason
    gross: float | None
    slippage: float
    commission: float
    net: float | None
    flags: tuple[Flag, ...]
    reason: str


class PaperResult(Struct, frozen=True):
    """What a strategy's trades of a session come to under one assumption.

    Attributes
    ----------
    scenario
        ``as_configured``, ``one_minute_later`` or ``double_costs``.
    trades, unfilled
        Trades with a result; signals to open one that came to nothing.
    won
        Trades with a net result above 0.
    """

    scenario: str
    trades: int
    unfilled: int
    won: int
    gross: float
    costs: float
    net: float


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f"symbol and reason are texts, not {value!r}")


def _whole(value: object) -> int:
    """A whole number; NumPy's are as good as Python's."""
    if isinstance(value, int | Real) and not isinstance(value, bool):
        number = float(min(value, 2 * _MOST_SHARES))
        if number.is_integer() and number <= _MOST_SHARES:
            return int(number)
    raise ValueError(f"shares is {value!r}; give a whole number of at most {_MOST_SHARES:,}")


def _distance(name: str, value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} is {value!r}; give a number above 0, or None")
    return float(value)
