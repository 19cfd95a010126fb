"""Complete today's daily bar once the session is over: until then nothing reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from symscan.bars.aggregator import combine
from symscan.model.bar import Block, Rows
from symscan.model.interval import ONE_DAY
from symscan.session.session_data import SessionData

StoredDay = Callable[[Sequence[str]], Block]
"""Returns the stored daily bars of the session itself, over symbols."""


class DayCompletion:
    """Completes the daily bars of a session and updates the indicators that read them.

    A symbol's bar is made of its regular bars; where there are none, it is the store's row. Symbols whose
    earlier daily bars are on another price basis have none.

    Parameters
    ----------
    data
        The session.
    stored
        The daily bars of the session that are stored already; None for none.
    """

    def __init__(self, data: SessionData, stored: StoredDay | None = None) -> None:
        self._data = data
        self._stored = stored

    def complete(self) -> None:
        """Make today's bar of each symbol the last of its daily bars; call it once, after the last slice."""
        rows = np.sort(self._data.symbols.in_use)
        day = Block.blank(self._data.session.close, self._data.capacity)
        self._put(day, rows)
        self._data.complete(ONE_DAY, day)
        self._data.indicators.update(ONE_DAY, day)
        self._data.drop_candidates()

    def add_rows(self, rows: Rows) -> None:
        """Add today's bar of symbols that come in once the day is complete."""
        for grid in self._data.completed.values():
            day = Block.blank(self._data.session.close, len(rows))
            self._put(day, np.arange(len(rows)), rows)
            grid.fill(0, rows, day.present, day.fields)

    def _put(self, day: Block, places: Rows, rows: Rows | None = None) -> None:
        """Put the day's bars of some rows into places of a block; None: into those of the rows."""
        data = self._data
        rows = places if rows is None else rows
        blocks = data.regular.grid.columns(rows)
        made = combine(blocks, day.end) if blocks else Block.blank(day.end, len(rows))
        lacking = made.absent
        if self._stored is not None and len(lacking):
            stored = self._stored(data.symbols.names(rows[lacking]))
            made.put(lacking, stored.present, stored.fields)
        is_known = ~data.mismatched[rows]
        day.put(places[is_known], made.present[is_known], made.fields[:, is_known])
