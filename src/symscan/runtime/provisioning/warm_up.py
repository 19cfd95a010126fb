"""Warm indicators up: each on exactly the sessions its own spec needs, then on today's bars so far."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from symscan.clock.session_calendar import SessionCalendar
from symscan.indicators.registry import definition
from symscan.model.bar import Block, Rows
from symscan.model.events.session import Event, IndicatorWarmed
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.session.requirements import most_sessions_needed, sessions_needed
from symscan.session.session_data import SessionData
from symscan.sources.ports import HistorySource


class IndicatorWarmup:
    """Warms indicators on history.

    Parameters
    ----------
    data
        The session.
    history
        Where earlier bars come from.
    calendar
        The exchange's sessions.
    """

    def __init__(self, data: SessionData, history: HistorySource, calendar: SessionCalendar) -> None:
        self._data = data
        self._history = history
        self._calendar = calendar

    def warm(self, requested: Mapping[IndicatorSpec, Rows]) -> list[Event]:
        """Compute indicators up to now for the rows that newly requested them."""
        by_interval = sorted(requested, key=lambda spec: spec.interval)
        return [
            event
            for interval, specs in groupby(by_interval, key=lambda spec: spec.interval)
            for event in self._warm_interval(interval, {spec: requested[spec] for spec in specs})
        ]

    def _warm_interval(self, interval: Interval, requested: Mapping[IndicatorSpec, Rows]) -> Iterator[Event]:
        """Load the interval's history once, for all its specs and rows."""
        days = {spec: self.days(spec) for spec in requested}
        is_wanted = np.zeros(self._data.capacity, np.bool_)
        for wanted in requested.values():
            is_wanted[wanted] = True
        rows = is_wanted.nonzero()[0]
        blocks = self._load(interval, rows, max(days.values()))
        for spec, wanted in requested.items():
            known = wanted if interval.is_intraday else wanted[~self._data.mismatched[wanted]]
            history = self._since(blocks, days[spec])
            self._data.indicators.rebuild(spec, known, _columns(history, rows, known))
            values = self._data.indicators.column(spec, definition(spec.name).outputs[0])[wanted]
            count = int(np.count_nonzero(~np.isnan(values)))
            yield IndicatorWarmed(self._data.now, spec.key, len(wanted), count, days[spec])

    def _load(self, interval: Interval, rows: Rows, days: int) -> list[Block]:
        symbols = self._data.symbols.names(rows)
        history = list(self._history.load(symbols, interval, self._data.session, days))
        if interval.is_premarket:
            history = list(self._premarkets(history, days, len(rows)))
        grid = self._data.regular_grid(interval)
        return [*history, *(grid.columns(rows) if grid is not None else ())]

    def _premarkets(self, history: Sequence[Block], days: int, width: int) -> Iterator[Block]:
        """Yield the blocks before each open after an empty one of the first minute: slots count from it."""
        for session in self._calendar.previous(self._data.session.date, days):
            first = bisect_right(history, session.pre_open, key=_end)
            last = bisect_right(history, session.open, key=_end)
            if first < last:
                yield Block.blank(session.pre_open + MINUTE, width)
                yield from history[first:last]

    def _since(self, blocks: Sequence[Block], days: int) -> Sequence[Block]:
        """Return the blocks of the last ``days`` sessions and of today."""
        session = self._data.session
        first = self._calendar.previous(session.date, days)[0].pre_open if days else session.pre_open
        return [block for block in blocks if block.end > first]

    def days(self, spec: IndicatorSpec) -> int:
        """Return how many earlier sessions an indicator is warmed on."""
        day = self._data.session.date
        earlier: list[Session] = self._calendar.previous(day, most_sessions_needed(spec))[::-1]
        return sessions_needed(spec, earlier)


def _end(block: Block) -> Instant:
    return block.end


def _columns(blocks: Sequence[Block], rows: Rows, wanted: Rows) -> Iterator[Block]:
    """Yield the blocks over ``rows`` with only the columns of ``wanted``."""
    if len(rows) == len(wanted) and np.array_equal(rows, wanted):
        yield from blocks
        return
    columns = np.searchsorted(rows, wanted)
    for block in blocks:
        yield Block(block.end, block.fields[:, columns], block.present[columns])
