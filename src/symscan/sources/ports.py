"""The ports of bars: brokers with feed, history and download, a session's bar source, and the calendar."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Block, Floats, Mask, Rows, SourceUpdate
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.downloads import Downloader


class DailyHistory(Struct, frozen=True):
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

        Intraday bars are those of regular hours. Those of ``PREMARKET`` are the finest there are before each
        session's open; blocks of other hours are ignored then.
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

        A live source also yields interim updates: late bars, events, or when it was woken. A session in
        which a scanner waits for it ends with the update that the day is complete.
        """


class BarBatch(Struct, frozen=True, eq=False):
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


class Connected(Struct, frozen=True):
    """The feed is connected, for the first time or again."""


class Disconnected(Struct, frozen=True):
    """The connection was lost; the feed tries to restore it by itself."""

    reason: str


class Notice(Struct, frozen=True):
    """A message of the feed that does not end the session."""

    message: str


class Limited(Struct, frozen=True):
    """The feed's subscription limit, and the requested symbols beyond it.

    They stay requested: the session chooses which of all symbols are subscribed.
    """

    limit: int
    left_out: tuple[str, ...]


class BarsDropped(Struct, frozen=True):
    """The feed stays connected but reports that bars were lost; which ones is not known."""

    reason: str


class EndOfStream(Struct, frozen=True):
    """The feed delivers nothing more: a replayed day is over."""


Delivery = BarBatch | Connected | Disconnected | Notice | Limited | BarsDropped | EndOfStream


class Feed(Protocol):
    """Delivers the bars of subscribed symbols as they are published.

    All but ``receive`` is thread-safe. Times are those of the market's clock: a replay's runs at the
    replay's speed.
    """

    name: str
    """The origin recorded of its bars: broker and feed, or ``replay``."""

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


@dataclass(frozen=True, slots=True)
class LiveDay:
    """The session that a broker is to serve.

    Attributes
    ----------
    session
        The trading day.
    calendar
        The exchange's sessions.
    store
        The folder of the bar store, which exists; its bars are of the broker's origin, or there are none.
    speed
        Of a replay: the speed factor, None for no waiting.
    faults
        Of a replay: the faults to inject, as in ``late=0.01:5s``; empty for none.
    start
        Of a replay: when its clock begins at the earliest, None for where its bars do.
    processed
        The last instant that needs no bars any more: what an earlier process handled, or what lies before
        the session's begin. None for none, and as long as it is not known.
    """

    session: Session
    calendar: SessionCalendar
    store: Path
    speed: float | None = 1.0
    faults: str = ""
    start: Instant | None = None
    processed: Instant | None = None


class Broker(Protocol):
    """A service that bars come from: a live feed, history, a download.

    The class attributes are read before there is an instance. An instance is made with the name of the
    feed, None where the broker has one only, and serves one session. Derive from
    :class:`symscan.sources.base_broker.BaseBroker`, which answers all but :meth:`live_feed`.
    """

    name: ClassVar[str]
    """The name in records and on the command line."""

    title: ClassVar[str]
    """The name in sentences."""

    feeds: ClassVar[Mapping[str, str]]
    """The feeds to choose from, each with what it carries; empty where there is one only."""

    exchange: ClassVar[str]
    """Whose sessions downloaded bars belong to: ``NYSE``."""

    is_replay: ClassVar[bool]
    """Whether a stored day is played: the command line then takes date, speed, faults and begin."""

    feed: str | None
    """The chosen one of its feeds."""

    @property
    def origin(self) -> str | None:
        """The origin of its bars in a store, name and feed; None where they are those of the store itself."""

    @property
    def max_symbols(self) -> int | None:
        """How many symbols can be subscribed, as far as known beforehand; None for any number."""

    def synchronize(self, report: Callable[[str], None]) -> None:
        """Measure the market's clock before :meth:`now` is read; may wait. Failing that, report why.

        Raises
        ------
        KeysRefused
            If the keys are not accepted: reported at once, not when the session begins.
        """

    def now(self) -> Instant:
        """The market's clock, UTC microseconds: which session is next, and whether it is over."""

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's; None if it is not measured."""

    def wait(self, seconds: float) -> None:
        """Wait on the market's clock, for the session's begin."""

    def check(self, day: LiveDay) -> None:
        """Check what can be wrong before the session begins.

        Raises
        ------
        InputError
            If an option is wrong, or the broker cannot serve the session.
        """

    def history(self, day: LiveDay) -> HistorySource:
        """Open the bars of earlier sessions; called before :meth:`live_feed`.

        Raises
        ------
        InputError
            If they cannot be used.
        """

    def start_of(self, day: LiveDay, first_due: Instant) -> Instant | None:
        """When a session whose first scan is due then begins; None for the pre-market."""

    def live_feed(self, day: LiveDay) -> Feed:
        """Make the feed, not yet open; of a session that is over, only :meth:`Feed.bars` is used."""

    def prepare(self, day: LiveDay, symbols: Collection[str]) -> None:
        """Load what the session needs to know of symbols before the feed is open; may wait.

        Raises
        ------
        FeedError
            If it cannot be fetched.
        """

    def downloader(self, store: Path) -> Downloader:
        """Make what fills the bar store in a folder; may wait.

        Raises
        ------
        InputError
            If the broker has nothing to download.
        DataError
            If the store's bars come from elsewhere.
        """
