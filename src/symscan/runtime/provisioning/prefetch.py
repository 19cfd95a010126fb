"""Prefetch history, so that reading it does not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from symscan.bars.dense import number
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Block
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.runtime.provisioning.loading import DataPlan
from symscan.sources.ports import BarSource, DailyHistory, HistorySource


@dataclass(frozen=True, slots=True)
class _IntervalBlocks:
    """Prefetched bars of one interval over some symbols, of ``days`` sessions."""

    column_of: Mapping[str, int]
    days: int
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class _Prefetched:
    """The data of one plan."""

    daily_of: Mapping[str, int] = field(default_factory=dict)
    daily: DailyHistory | None = None
    by_interval: Mapping[Interval, _IntervalBlocks] = field(default_factory=dict)


class PrefetchedHistory:
    """A history that reads prefetched data first, and an underlying history for the rest.

    Parameters
    ----------
    history
        Where earlier bars come from.
    source
        Where today's bars come from.
    calendar
        The exchange's sessions.
    session
        The session that is running.
    """

    def __init__(
        self, history: HistorySource, source: BarSource, calendar: SessionCalendar, session: Session
    ) -> None:
        self._history = history
        self._source = source
        self._calendar = calendar
        self._session = session
        self._prefetched = _Prefetched()

    def __reduce__(self) -> tuple[Callable[[HistorySource], HistorySource], tuple[HistorySource]]:
        """Pickle as the underlying history: prefetched data stays in this process."""
        return _identity, (self._history,)

    def prefetch(self, plan: DataPlan) -> Callable[[], AbstractContextManager[object]]:
        """Load a plan's data; may wait, and does not touch the session.

        Returns
        -------
        Callable
            Makes the context in which this history reads what was loaded.

        Raises
        ------
        DataError, FeedError
            If anything cannot be loaded.
        """
        daily = self._history.daily(plan.new, self._session) if plan.new else None
        known = self._history.symbols()  # afterwards: reading a symbol's days may add it to the store
        if new := tuple(symbol for symbol in plan.new if symbol in known):
            self._source.prepare_catch_up(new)
        # Symbols without bars are left out: a scanner may name a million of them.
        requested = {
            interval: ([symbol for symbol in symbols if symbol in known], days)
            for interval, (symbols, days) in plan.history.items()
        }
        by_interval = {
            interval: _IntervalBlocks(number(symbols), days, list(self._load(symbols, interval, days)))
            for interval, (symbols, days) in requested.items()
            if symbols
        }
        return partial(self._serving, _Prefetched(number(plan.new), daily, by_interval))

    def symbols(self) -> frozenset[str]:
        """Return every symbol that has bars."""
        return self._history.symbols()

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """Yield the bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``."""
        stored = self._prefetched.by_interval.get(interval)
        if stored is None or stored.days < days or not all(symbol in stored.column_of for symbol in symbols):
            yield from self._history.load(symbols, interval, session, days)
            return
        columns = np.array([stored.column_of[symbol] for symbol in symbols], np.intp)
        is_all = np.array_equal(columns, np.arange(len(stored.column_of)))
        first = self._calendar.previous(session.date, days)[0].pre_open if days else session.pre_open
        for block in stored.blocks:
            if block.end > first:
                yield block if is_all else Block(block.end, block.fields[:, columns], block.present[columns])

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """Return the daily history known the evening before ``session``."""
        prefetched = self._prefetched
        if prefetched.daily is None or not all(symbol in prefetched.daily_of for symbol in symbols):
            return self._history.daily(symbols, session)
        columns = np.array([prefetched.daily_of[symbol] for symbol in symbols], np.intp)
        return prefetched.daily.of(columns)

    def _load(self, symbols: Sequence[str], interval: Interval, days: int) -> Iterator[Block]:
        return self._history.load(symbols, interval, self._session, days)

    @contextmanager
    def _serving(self, prefetched: _Prefetched) -> Iterator[None]:
        self._prefetched = prefetched
        try:
            yield
        finally:
            self._prefetched = _Prefetched()


def _identity(history: HistorySource) -> HistorySource:
    return history
