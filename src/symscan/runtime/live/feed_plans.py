"""The feeds a live session can have, each with the history that goes with it."""

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
    """Where a session's bars are to come from."""

    @property
    def name(self) -> str:
        """What is recorded of it."""

    @property
    def history(self) -> HistorySource:
        """The bars of earlier sessions."""

    @property
    def store(self) -> BarStore:
        """Where the session's bars are kept in the end."""

    @property
    def origin(self) -> str | None:
        """What the store is told of where bars come from; None for those that it has itself."""

    def prepare(self, symbols: Collection[str], session: Session) -> None:
        """Make known what is to be known of symbols before the session begins; may wait.

        Raises
        ------
        FeedError
            If it cannot be fetched.
        """

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:
        """The feed, not yet open.

        Parameters
        ----------
        since
            The last instant that was gone through in an earlier process; None if the session begins.
        scanners
            Whose first scan the session must not miss.
        """

    def begin(self, scanners: Sequence[ManagedScanner]) -> Instant | None:
        """Where a session begins that has no past; None for the start of its day.

        Where the feed's clock is later when it is open, the minutes between are fetched and gone through.
        """


@dataclass(frozen=True)
class ReplayPlan:
    """A stored day, played as a feed.

    Attributes
    ----------
    store
        Where the day is.
    speed
        How many times as fast as it was; None for as fast as it goes.
    start
        When its clock begins, as if the session had been started so late; None for where the session does.
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
        """Nothing new: the bars are the store's own."""
        return None

    @cached_property
    def history(self) -> HistorySource:
        """The bars of earlier sessions."""
        return StoreHistory(self.store, self.calendar)

    def prepare(self, symbols: Collection[str], session: Session) -> None:
        """Nothing: the store knows what it knows."""

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:
        """The feed, not yet open; a resumed one goes on where the session was."""
        begin = self.begin(scanners) if since is None else since
        clock = begin if self.start is None else max(begin, self.start)
        return self.make_feed(self.store, self.session, self.speed, self.faults, clock)

    def begin(self, scanners: Sequence[ManagedScanner]) -> Instant:
        """Where something happens: the first bar, the first scan, or that the session says it is ready."""
        session = self.session
        first = self.store.first_start(finest_interval(self.store, session), session.date)
        scan = first_due(scanners, session) - MINUTE  # the slice that ends then is one of the session's
        happens = [session.open - _BEFORE_OPEN, scan, *([] if first is None else [first])]
        return max(session.pre_open, min(happens))


class AlpacaPlan:
    """A broker's feed, with history fetched into the store.

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
        """Fetch the previous session: a symbol of which the store has no bar is not known to the session."""
        self._fetched.ensure(symbols, session)

    def feed(self, since: Instant | None, scanners: Sequence[ManagedScanner]) -> Feed:  # noqa: ARG002
        """The feed, not yet open: its day and pace are what they are."""
        return self._feed

    def begin(self, scanners: Sequence[ManagedScanner]) -> Instant | None:  # noqa: ARG002
        """Nowhere else than the session: who comes later is told what was."""
        return None
