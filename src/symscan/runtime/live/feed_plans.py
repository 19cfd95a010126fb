"""The feeds of live sessions, each with its history and store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session
from symscan.runtime.building.build import first_due
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.sources.ports import Feed, HistorySource
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import finest_interval
from symscan.sources.stored.history import StoreHistory
from symscan.sources.streaming.closed_session import ClosedSessionFeed

_BEFORE_OPEN: Final = 11 * MINUTE
"""A replay begins so long before the open at the latest: in its next minute a session says it is ready."""


class BrokerSession(Protocol):
    """A feed with its history and store."""

    @property
    def name(self) -> str:
        """The name in the record."""

    @property
    def history(self) -> HistorySource:
        """The bars of earlier sessions."""

    @property
    def store(self) -> BarStore:
        """The store that gets the session's bars after its close."""

    @property
    def origin(self) -> str | None:
        """The origin of the bars in the store; None for bars that it already has."""

    def prepare(self, symbols: Collection[str], session: Session) -> None:
        """Load what the session needs to know of symbols before it begins; may wait.

        Raises
        ------
        FeedError
            If it cannot be fetched.
        """

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:
        """Make the feed, not yet open.

        Parameters
        ----------
        since
            The last instant that an earlier process handled; None if the session begins.
        scanners
            The scanners whose first scan the session must not miss.
        """

    def start_of(self, scanners: Sequence[ManagedScanner]) -> Instant | None:
        """Return the start of a new session; None for the pre-market.

        Where the feed's clock is later when it is open, the minutes between are fetched and processed.
        """


@dataclass(frozen=True)
class ReplayPlan:
    """Replays a stored day as a feed.

    Attributes
    ----------
    store
        The store of the day.
    speed
        The speed factor; None for no waiting.
    start
        When its clock begins, for a session started late; None for the start of the session.
    make_feed
        Makes the feed; one with another clock measures ``speed`` by that.
    """

    store: BarStore
    calendar: SessionCalendar
    session: Session
    speed: float | None
    faults: Faults
    start: Instant | None = None
    make_feed: Callable[..., ReplayFeed] = ReplayFeed

    @property
    def name(self) -> str:
        """What is recorded of it."""
        return "replay"

    @property
    def origin(self) -> str | None:
        """None: the bars are the store's own."""
        return None

    @cached_property
    def history(self) -> HistorySource:
        """The bars of earlier sessions."""
        return StoreHistory(self.store, self.calendar)

    def prepare(self, symbols: Collection[str], session: Session) -> None:
        """Do nothing: the bars are in the store."""

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:
        """Make the feed, not yet open; a resumed one starts where the session was."""
        start_of = self.start_of(scanners) if since is None else since
        clock = start_of if self.start is None else max(start_of, self.start)
        return self.make_feed(self.store, self.session, self.speed, self.faults, clock)

    def start_of(self, scanners: Sequence[ManagedScanner]) -> Instant:
        """Return the instant of the first bar, the first scan or the readiness report."""
        session = self.session
        first = self.store.first_start(finest_interval(self.store, session), session.date)
        scan = first_due(scanners, session) - MINUTE  # the slice that ends then is one of the session's
        candidates = [session.open - _BEFORE_OPEN, scan, *([] if first is None else [first])]
        return max(session.pre_open, min(candidates))


class AlpacaPlan:
    """Alpaca's feed, with history fetched into the store.

    Parameters
    ----------
    root
        The folder of the bar store; made if there is none.
    calendar
        The exchange's sessions.
    feed
        ``iex`` or ``sip``.
    clock_offset
        This computer's clock minus the market's, microseconds.
    closed
        The session, where its close has passed: its bars are fetched, and nothing is streamed.

    Raises
    ------
    InputError
        If there are no keys in the environment, or the client is not installed.
    DataError
        If the store's bars come from elsewhere.
    """

    def __init__(
        self,
        root: Path,
        calendar: SessionCalendar,
        feed: str,
        clock_offset: Instant,
        closed: Session | None = None,
    ) -> None:
        # The broker's client takes half a second to import: only who asks for it waits.
        from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
        from symscan.sources.alpaca.feed import AlpacaFeed
        from symscan.sources.alpaca.history import FetchedHistory
        from symscan.sources.alpaca.rest import AlpacaRest

        keys, hosts = AlpacaKeys.from_environment(), AlpacaHosts.from_environment()
        rest = AlpacaRest(keys, hosts, feed)
        stream = AlpacaFeed(keys, hosts, feed)
        self._feed: Feed = stream if closed is None else ClosedSessionFeed(stream, closed, clock_offset)
        self.name = self.origin = stream.name
        self.store = BarStore.create(root)
        now, report = stream.now() - clock_offset, stream.report_refused
        self._fetched = FetchedHistory(self.store, rest, calendar, now, report)
        self.history: HistorySource = self._fetched

    def prepare(self, symbols: Collection[str], session: Session) -> None:
        """Fetch the previous session: the session knows only symbols that have bars in the store."""
        self._fetched.ensure(symbols, session)

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:  # noqa: ARG002
        """Return the feed, not yet open."""
        return self._feed

    def start_of(self, scanners: Sequence[ManagedScanner]) -> Instant | None:  # noqa: ARG002
        """Return None: a late start backfills from the pre-market."""
        return None
