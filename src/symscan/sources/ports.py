"""The ports of bars: history, a session's bar source, a live feed, and the exchange's calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Block, Floats, Mask, Rows, SourceUpdate
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session


@dataclass(frozen=True, slots=True)
class DailyHistory:
    """Daily values of some symbols as of the evening before a session.

    Attributes
    ----------
    previous_close
        The close of the immediately preceding session, NaN where unknown, shape ``(symbols,)``.
    mismatched
        Where daily and intraday bars are on different price bases, shape ``(symbols,)``.
    derived
        Where other symbols have a daily bar of that session, and this one's is made of its regular
        minutes, shape ``(symbols,)``; None for nowhere.
    """

    previous_close: Floats
    mismatched: Mask
    derived: Mask | None = None

    def of(self, places: Rows) -> DailyHistory:
        """Return the values of some of the symbols, in the given order."""
        derived = None if self.derived is None else self.derived[places]
        return DailyHistory(self.previous_close[places], self.mismatched[places], derived)


class Calendar(Protocol):
    """The sessions of an exchange."""

    @property
    def zone(self) -> ZoneInfo:
        """The exchange's time zone."""

    def sessions(self, start: date, end: date) -> list[Session]:
        """The sessions from ``start`` to ``end``, both included, oldest first."""


class HistorySource(Protocol):
    """Bars of earlier sessions, on the price basis of the session they are loaded for."""

    def symbols(self) -> frozenset[str]:
        """Every symbol with bars."""

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """The bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``.

        Intraday bars are those of regular hours.
        """

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """The daily values as of the evening before ``session``."""


class BarSource(Protocol):
    """The bars of the session itself."""

    base: Interval
    """The interval of the slices: the finest there is."""

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over ``symbols``."""

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Prepare to :meth:`catch_up` symbols about to be added; may wait, and run in another thread.

        When it returns their earlier bars are fetched, and later ones are buffered: none is missed.
        """

    def prefer(self, symbols: Sequence[str]) -> None:
        """Subscribe these symbols first where not all can be; replaces the earlier preference."""

    def drain_events(self) -> list[Event]:
        """Remove and return the source's events since the last call."""

    def slices(self) -> Iterator[SourceUpdate]:
        """Every minute of the session in order up to its close, with the bars that end then.

        A live source also yields interim updates: late bars, events, or when it was woken.
        """


@dataclass(frozen=True, slots=True, eq=False)
class BarBatch:
    """Bars from a feed, one column per bar, in order of arrival.

    Attributes
    ----------
    symbols
        The symbol of each bar, length ``n``.
    ends
        When each bar is complete, UTC microseconds, shape ``(n,)``.
    fields
        Open, high, low, close, volume, shape ``(5, n)``.
    corrected
        Whether the feed marks them as corrections of bars it sent before.
    """

    symbols: Sequence[str]
    ends: NDArray[np.int64]
    fields: Floats
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Connected:
    """The feed is connected, for the first time or again."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection was lost; the feed tries to restore it by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of the feed that does not end the session."""

    message: str


@dataclass(frozen=True, slots=True)
class Limited:
    """The feed's subscription limit, and the requested symbols beyond it.

    They stay requested: the session chooses which of all symbols are subscribed.
    """

    limit: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BarsDropped:
    """The feed stays connected but reports that bars were lost; which ones is not known."""

    reason: str


@dataclass(frozen=True, slots=True)
class EndOfStream:
    """The feed delivers nothing more: a replayed day is over."""


Delivery = BarBatch | Connected | Disconnected | Notice | Limited | BarsDropped | EndOfStream


class Feed(Protocol):
    """Delivers the bars of subscribed symbols as they are published.

    All but ``receive`` is thread-safe. Times are those of the market's clock: a replay's runs at the
    replay's speed.
    """

    name: str
    """The origin recorded of its bars: ``alpaca:iex``, ``replay``."""

    base: Interval
    """The interval of its bars."""

    waits_for_session: bool
    """Whether the feed waits for the session, which then may take any time between two updates."""

    def open(self) -> None:
        """Connect and begin to deliver; returns when connected.

        Raises
        ------
        FeedError
            If the connection is refused for good: a wrong key, no right to the data.
        """

    def close(self) -> None:
        """Stop delivering; returns soon, also if the server does not answer."""

    def now(self) -> Instant:
        """The market's clock, UTC microseconds."""

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's; None if there is no other clock."""

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Subscribe symbols; does not wait."""

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Unsubscribe symbols; does not wait."""

    def receive(self, until: Instant) -> Delivery | None:
        """The next delivery; None once the market's clock has passed ``until``, or after :meth:`wake`.

        Raises
        ------
        FeedError
            If the feed ended for good: the key was revoked, another connection has taken its place.
        """

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one if nobody waits."""

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Fetch the bars with ``after < end <= until``, by symbol and end; waits for the answer.

        Raises
        ------
        FeedError
            If the request fails.
        """
