"""Bars of earlier sessions from a store that is filled from Alpaca as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from threading import Lock
from typing import Final

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Block
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.alpaca.downloader import Downloader, FetchReport, Rest
from symscan.sources.ports import DailyHistory
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import catalogue_state
from symscan.sources.stored.history import StoreHistory, reopened_history


def _report_nothing(refused: Mapping[str, str]) -> None:
    """For who does not want to know."""


class FetchedHistory:
    """History from a store, where what is missing is fetched first.

    Several threads may ask. Whoever finds everything in the store does not wait for another's download.
    Pickled, it becomes the history of the store alone: other processes find there what was fetched for them.

    Parameters
    ----------
    store
        The store; its bars must be of the feed that ``rest`` asks.
    rest
        Who is asked.
    calendar
        The exchange's sessions.
    now
        The market's clock at the start, UTC microseconds.
    report_refused
        Called with the symbols that Alpaca does not take, and its words, whenever there are more; they are
        not asked again, and the session goes on without them.

    Raises
    ------
    DataError
        If the store's bars come from elsewhere.
    """

    def __init__(
        self,
        store: BarStore,
        rest: Rest,
        calendar: SessionCalendar,
        now: Instant,
        report_refused: Callable[[Mapping[str, str]], None] = _report_nothing,
    ) -> None:
        self._root: Final = store.root
        self._store = store
        self._calendar = calendar
        self._fetching = Lock()
        self._reading = Lock()
        self._rest = rest
        self._report_refused = report_refused
        self._fetcher = Downloader(store, rest, now, self._reading)
        self._state: object = None
        self._history: StoreHistory | None = None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return reopened_history, (str(self._root), self._calendar.exchange)

    def symbols(self) -> frozenset[str]:
        """Every symbol the store has bars of."""
        return self._store.symbols()  # without a lock: the session itself asks, and must not wait

    def ensure(
        self,
        symbols: Collection[str],
        session: Session,
        days: int = 1,
        intervals: Sequence[Interval] = (ONE_DAY, ONE_MINUTE),
        progress: Progress = silent,
    ) -> None:
        """Bring the bars of the ``days`` sessions before ``session`` into the store.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
        for interval in intervals:
            self._bring(symbols, interval, session, days, progress)

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """The bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed or read.
        """
        self._bring(symbols, ONE_MINUTE if interval.is_intraday else ONE_DAY, session, days)
        with self._reading:  # read here and now: a generator would read when the lock is free again
            return iter(list(self._current().load(symbols, interval, session, days)))

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """What is known the evening before ``session``.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed or read.
        """
        self._bring(symbols, ONE_DAY, session, 1)
        with self._reading:
            return self._current().daily(symbols, session)

    def report(self) -> FetchReport:
        """What was fetched so far."""
        with self._fetching:
            return self._fetcher.report()

    def _bring(
        self,
        symbols: Collection[str],
        interval: Interval,
        session: Session,
        days: int,
        progress: Progress = silent,
    ) -> None:
        """Fetch what is missing; who misses nothing waits for nobody."""
        fetcher = self._fetcher
        sessions = self._calendar.previous(session.date, days) if days else []
        if not sessions:
            return
        if fetcher.missing_splits(symbols, session.date) or fetcher.missing(symbols, interval, sessions):
            with self._fetching:
                before = len(self._rest.refused)
                fetcher.fetch_splits(symbols, session.date)
                fetcher.fetch_bars(fetcher.missing(symbols, interval, sessions), progress)
                if len(self._rest.refused) > before:
                    self._report_refused(dict(self._rest.refused))

    def _current(self) -> StoreHistory:
        """The history of the store as it is now: what it keeps in memory is true of one state only."""
        state = catalogue_state(self._root)
        if self._history is None or state != self._state:
            self._state, self._history = state, StoreHistory(BarStore(self._root), self._calendar)
        return self._history
