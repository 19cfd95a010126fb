"""Complete today's bars of a day, a week and a month once the session is over; nothing reads them before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Protocol

import numpy as np

from symscan.bars.aggregator import combine
from symscan.model.bar import Block, Rows
from symscan.model.interval import ONE_DAY, ONE_MONTH, ONE_WEEK, Interval
from symscan.model.session import Session
from symscan.session.session_data import SessionData

StoredDay = Callable[[Sequence[str]], Block]
"""Returns the stored daily bars of the session itself, over symbols."""

EarlierDays = Callable[[Sequence[str], int], Iterable[Block]]
"""Returns the daily bars of so many sessions before the session, oldest first, over symbols."""


class Sessions(Protocol):
    """The sessions of an exchange."""

    def sessions(self, start: date, end: date) -> list[Session]:
        """The sessions from ``start`` to ``end``, both included, oldest first."""


class DayCompletion:
    """Completes the daily bars of a session, and the bars of weeks and months that end with it.

    A symbol's daily bar is made of its regular bars; where there are none, it is the store's row. Symbols
    whose earlier daily bars are on another price basis have none.

    Parameters
    ----------
    data
        The session.
    calendar
        The exchange's sessions: a week or month is complete with its last one.
    earlier
        The daily bars of the sessions before.
    stored
        The daily bars of the session that are stored already; None for none.
    """

    def __init__(
        self, data: SessionData, calendar: Sessions, earlier: EarlierDays, stored: StoredDay | None = None
    ) -> None:
        self._data = data
        self._calendar = calendar
        self._earlier = earlier
        self._stored = stored

    def complete(self) -> None:
        """Make today's bars the last of their intervals, where anything reads those; after the last slice."""
        data = self._data
        wanted = [
            one for one in (ONE_WEEK, ONE_MONTH) if data.indicators.specs(one) or data.requested.any(one)
        ]
        for interval in (ONE_DAY, *wanted):
            self._complete(interval)
            for grid in filter(None, [data.completed.get(interval)]):
                data.indicators.update(interval, grid.blocks[0])
        data.drop_candidates()

    def add_intervals(self, intervals: Iterable[Interval]) -> None:
        """Complete further intervals of days, if the day is complete."""
        for interval in intervals if self._data.completed else ():
            if not interval.is_intraday and interval not in self._data.completed:
                self._complete(interval)

    def add_rows(self, rows: Rows) -> None:
        """Add the bars of symbols that come in once the day is complete."""
        for interval, grid in self._data.completed.items():
            made = self._made(interval, rows)
            grid.fill(0, rows, made.present, made.fields)

    def _complete(self, interval: Interval) -> None:
        """Keep today's bars of an interval; of a week or month that goes on there are none."""
        data = self._data
        if interval != ONE_DAY and self._of_period(interval)[-1].date != data.session.date:
            return
        rows = np.sort(data.symbols.in_use)
        made = self._made(interval, rows)
        whole = Block.blank(made.end, data.capacity)
        whole.put(rows, made.present, made.fields)
        data.complete(interval, whole)

    def _made(self, interval: Interval, rows: Rows) -> Block:
        """Return the bars of an interval that end with the session, over some rows."""
        data = self._data
        bars = self._day(rows)
        before = 0 if interval == ONE_DAY else len(self._of_period(interval)) - 1
        if before:
            earlier = self._earlier(data.symbols.names(rows), before)
            bars = combine([*earlier, bars], bars.end)
        mismatched = np.flatnonzero(data.mismatched[rows])
        if len(mismatched):
            bars.put(mismatched, np.zeros(len(mismatched), np.bool_), Block.blank(0, len(mismatched)).fields)
        return bars

    def _day(self, rows: Rows) -> Block:
        close, blocks = self._data.session.close, self._data.regular.grid.columns(rows)
        day = combine(blocks, close) if blocks else Block.blank(close, len(rows))
        lacking = day.absent
        if self._stored is not None and len(lacking):
            stored = self._stored(self._data.symbols.names(rows[lacking]))
            day.put(lacking, stored.present, stored.fields)
        return day

    def _of_period(self, interval: Interval) -> list[Session]:
        """Return the sessions of the week or month of the session."""
        day = self._data.session.date
        return self._calendar.sessions(interval.first_date(day), interval.last_date(day))
