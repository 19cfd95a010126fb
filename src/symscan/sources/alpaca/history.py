"""History from a store into which missing bars are downloaded from Alpaca on demand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from threading import Lock
from typing import Final

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Block
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.alpaca.downloader import Downloader, Rest
from symscan.sources.downloads import FetchReport
from symscan.sources.ports import DailyHistory
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import catalogue_state
from symscan.sources.stored.history import StoreHistory, reopened_history


def _ignore_refused(refused: Mapping[str, str]) -> None:
    """Ignore refused symbols."""


class FetchedHistory:
    """History from a store, where missing bars are downloaded first.

    Thread-safe; a call that finds everything in the store does not wait for another's download. Pickled, it
    becomes the history of the store alone: other processes read what this one downloaded for them.

    Parameters
    ----------
    store
        The store; its bars must be of the feed of ``rest``.
    rest
        Alpaca's REST services.
    calendar
        The exchange's sessions.
    now
        The market's clock at the start, UTC microseconds.
    report_refused
        Called with the symbols that Alpaca refuses, and its messages, whenever there are more; they are not
        requested again, and the session goes on without them.

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
        report_refused: Callable[[Mapping[str, str]], None] = _ignore_refused,
    ) -> None:
        self._root: Final = store.root
        self._store = store
        self._calendar = calendar
        self._fetch_lock = Lock()
        self._read_lock = Lock()
        self._rest = rest
        self._report_refused = report_refused
        self._downloader = Downloader(store, rest, now, self._read_lock)
        self._state: object = None
        self._history: StoreHistory | None = None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return reopened_history, (str(self._root), self._calendar.exchange)

    def symbols(self) -> frozenset[str]:
        """Every symbol the store has bars of."""
        return self._store.symbols()  # without a lock: called by the session, which must not wait

    def ensure(
        self,
        symbols: Collection[str],
        session: Session,
        days: int = 1,
        intervals: Sequence[Interval] = (ONE_DAY, ONE_MINUTE),
        progress: Progress = silent,
    ) -> None:
        """Download missing bars of the ``days`` sessions before ``session`` into the store.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed.
        """
        for interval in intervals:
            self._fetch_missing(symbols, interval, session, days, progress)

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
        self._fetch_missing(symbols, ONE_MINUTE if interval.is_intraday else ONE_DAY, session, days)
        with self._read_lock:  # read at once: a generator would read after the lock is released
            return iter(list(self._current_history().load(symbols, interval, session, days)))

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """What is known the evening before ``session``.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        DataError
            If the store cannot be changed or read.
        """
        self._fetch_missing(symbols, ONE_DAY, session, 1)
        with self._read_lock:
            return self._current_history().daily(symbols, session)

    def report(self) -> FetchReport:
        """Return what was downloaded so far."""
        with self._fetch_lock:
            return self._downloader.report()

    def _fetch_missing(
        self,
        symbols: Collection[str],
        interval: Interval,
        session: Session,
        days: int,
        progress: Progress = silent,
    ) -> None:
        """Download missing bars; does not take the lock if none are missing."""
        downloader = self._downloader
        sessions = self._calendar.previous(session.date, days) if days else []
        if not sessions:
            return
        if downloader.missing_splits(symbols, session.date) or downloader.missing(
            symbols, interval, sessions
        ):
            with self._fetch_lock:
                before = len(self._rest.refused)
                downloader.fetch_splits(symbols, session.date)
                downloader.fetch_bars(downloader.missing(symbols, interval, sessions), progress)
                if len(self._rest.refused) > before:
                    self._report_refused(dict(self._rest.refused))

    def _current_history(self) -> StoreHistory:
        """Return the history of the store's current state: its cache is valid for one state only."""
        state = catalogue_state(self._root)
        if self._history is None or state != self._state:
            self._state, self._history = state, StoreHistory(BarStore(self._root), self._calendar)
        return self._history
