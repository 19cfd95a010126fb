"""The columns of some symbols at one instant, read once for all holders whose candidates these are."""

from __future__ import annotations

from typing import Any

import numpy as np

from symscan.bars.grid import Grid
from symscan.model.bar import Floats, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval

Chosen = Rows | slice

Computed = dict[tuple[Any, ...], tuple[Any, ...]]
"""What functions made of columns, by function and identity of the arrays. These follow the result in the
value, so that no other array can have their identity while they are kept."""


class SharedColumns:
    """The rows of some symbols, and the columns read of them at one instant.

    Threads may read at once: then a column is read twice, to the same values.

    Attributes
    ----------
    symbols, rows
        The symbols, and their rows, shape ``(len(symbols),)``.
    chosen
        The rows as an index; a slice where they follow one another.
    """

    __slots__ = ("_barless", "_columns", "_computed", "_read_at", "chosen", "rows", "symbols")

    def __init__(self, symbols: tuple[str, ...], rows: Rows) -> None:
        self.symbols = symbols
        self.rows = rows
        self.chosen: Chosen = _as_slice(rows)
        self._barless: dict[Interval, BarlessCandidates] = {}
        self._columns: dict[str, Floats] = {}
        self._computed: Computed = {}
        self._read_at: Instant = -1

    def columns(self, now: Instant) -> dict[str, Floats]:
        """Return the columns read as of an instant, by name; those read earlier are dropped."""
        if self._read_at != now:
            self._columns, self._computed, self._read_at = {}, {}, now
        return self._columns

    def computed(self, now: Instant) -> Computed:
        """Return what was computed of the columns as of an instant, to be added to."""
        self.columns(now)
        return self._computed

    def barless(self, interval: Interval, grid: Grid) -> BarlessCandidates:
        """Return what tracks which of the symbols have had no bar of an interval."""
        return self._barless.setdefault(interval, BarlessCandidates(grid, self.chosen))

    def invalidate_cache(self) -> None:
        """Drop what was read at this instant: bars have changed since."""
        self._read_at = -1
        for barless in self._barless.values():
            barless.invalidate_cache()


class BarlessCandidates:
    """Tracks which symbols have had no bar of an interval today."""

    def __init__(self, grid: Grid, chosen: Chosen) -> None:
        self._grid = grid
        self._chosen = chosen
        self._found: tuple[int, Rows] = (-1, np.zeros(1, np.intp))

    def invalidate_cache(self) -> None:
        """Drop the cached positions: a late bar may have come."""
        self._found = (-1, self._found[1])

    def positions(self) -> Rows:
        """Return their positions among the symbols."""
        slots, positions = self._found
        if len(positions) and slots != len(self._grid.blocks):
            slots = len(self._grid.blocks)
            positions = (self._grid.last[self._chosen] < 0).nonzero()[0]
            self._found = (slots, positions)
        return positions


def _as_slice(rows: Rows) -> Chosen:
    """Rows that follow one another as a slice: reading them costs a fifth."""
    first = int(rows[0]) if len(rows) else 0
    follow = np.array_equal(rows, np.arange(first, first + len(rows)))
    return slice(first, first + len(rows)) if follow else rows
