"""History loaded ahead: the session reads it as it reads any other, and does not wait."""

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
class _Run:
    """Bars of one interval over some symbols, of so many sessions."""

    column_of: Mapping[str, int]
    days: int
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one plan brought."""

    daily_of: Mapping[str, int] = field(default_factory=dict)
    daily: DailyHistory | None = None
    runs: Mapping[Interval, _Run] = field(default_factory=dict)


class PrefetchedHistory:
    """A history that answers from what was loaded ahead, and asks the one behind it for the rest.

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
        self._batch = _Batch()

    def __reduce__(self) -> tuple[Callable[[HistorySource], HistorySource], tuple[HistorySource]]:
        """What is loaded ahead stays here: another process asks the history behind it."""
        return _same, (self._history,)

    def fetch(self, plan: DataPlan) -> Callable[[], AbstractContextManager[object]]:
        """Load what a plan names; may wait, and touches nothing of the session's.

        Returns
        -------
        Callable
            Makes the context in which this history answers from what was loaded.

        Raises
        ------
        DataError, FeedError
            If something cannot be loaded.
        """
        daily = self._history.daily(plan.new, self._session) if plan.new else None
        known = self._history.symbols()  # afterwards: asking for a symbol's days may be what brings it in
        if new := tuple(symbol for symbol in plan.new if symbol in known):
            self._source.prepare_catch_up(new)
        # Nobody is given bars of symbols that have none: a scanner may name a million of them.
        asked = {
            interval: ([symbol for symbol in symbols if symbol in known], days)
            for interval, (symbols, days) in plan.history.items()
        }
        runs = {
            interval: _Run(number(symbols), days, list(self._load(symbols, interval, days)))
            for interval, (symbols, days) in asked.items()
            if symbols
        }
        return partial(self._holding, _Batch(number(plan.new), daily, runs))

    def symbols(self) -> frozenset[str]:
        """Every symbol there are bars of."""
        return self._history.symbols()

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """The bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``."""
        run = self._batch.runs.get(interval)
        if run is None or run.days < days or not all(symbol in run.column_of for symbol in symbols):
            yield from self._history.load(symbols, interval, session, days)
            return
        columns = np.array([run.column_of[symbol] for symbol in symbols], np.intp)
        is_all = np.array_equal(columns, np.arange(len(run.column_of)))
        first = self._calendar.previous(session.date, days)[0].open if days else session.open
        for block in run.blocks:
            if block.end > first:
                yield block if is_all else Block(block.end, block.fields[:, columns], block.present[columns])

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """What is known the evening before ``session``."""
        batch = self._batch
        if batch.daily is None or not all(symbol in batch.daily_of for symbol in symbols):
            return self._history.daily(symbols, session)
        places = np.array([batch.daily_of[symbol] for symbol in symbols], np.intp)
        return batch.daily.of(places)

    def _load(self, symbols: Sequence[str], interval: Interval, days: int) -> Iterator[Block]:
        return self._history.load(symbols, interval, self._session, days)

    @contextmanager
    def _holding(self, batch: _Batch) -> Iterator[None]:
        self._batch = batch
        try:
            yield
        finally:
            self._batch = _Batch()


def _same(history: HistorySource) -> HistorySource:
    return history
