"""The state of an indicator per row: state vectors, how far the seed is, and a window of bars.

Two rules make dense updates cheap and rows independent of each other:

* A blank state is NaN, and the arithmetic of an update keeps NaN: a row that never began stays
  blank whatever is computed over it. Only a seed makes a row known.
* Rows stand on the last axis of every array, so that arithmetic runs along rows and a reduction
  over a window adds one slot after the other, in the same order however many rows there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask, Rows

Counts = NDArray[np.intp]

NO_ROWS: Rows = np.empty(0, np.intp)


def scalar(value: float) -> Floats:
    """Return a constant as a 0-dimensional array, which NumPy reads faster than a Python number."""
    return np.array(value, np.float64)


class MaskRows:
    """Finds where a mask is true, and caches the rows: indicators of one interval mostly share masks."""

    def __init__(self) -> None:
        self._mask = b""
        self._rows = NO_ROWS

    def __call__(self, mask: Mask) -> Rows:
        """Return the rows, ascending."""
        text = mask.tobytes()
        if text != self._mask:
            self._mask, self._rows = text, mask.nonzero()[0]
        return self._rows


class Window:
    """The last values of every row; each row writes at its own pace.

    Attributes
    ----------
    slots
        The values, shape ``(length, rows)``; a row's oldest is in the slot it writes next.
    replaced
        What the last push replaced, shape ``(rows,)``.
    skipped
        Rows the next push leaves as they are.
    """

    def __init__(self, length: int, rows: int) -> None:
        self.slots: Floats = np.full((length, rows), np.nan)
        self.replaced: Floats = np.full(rows, np.nan)
        self.skipped: Rows = NO_ROWS
        self._flat = self.slots.reshape(-1)
        self._rows = rows
        self._stride = np.array(rows, np.intp)
        self._end = np.array(self.slots.size, np.intp)
        self._next: Rows = np.arange(rows, dtype=np.intp)
        self._over: Mask = np.empty(rows, np.bool_)
        self._work: Floats | None = None

    def push(self, values: Floats) -> None:
        """Write one value per row over its oldest; rows in ``skipped`` keep theirs."""
        at, skipped = self._next, self.skipped
        self._flat.take(at, out=self.replaced, mode="clip")
        held = at.take(skipped)
        self._flat[at] = values
        if len(skipped):
            self._flat[held] = self.replaced.take(skipped)
        at += self._stride
        over = np.greater_equal(at, self._end, out=self._over).nonzero()[0]
        if len(over):
            at[over] -= self._end
        if len(skipped):
            at[skipped] = held

    def clear(self, rows: Rows) -> None:
        """Clear the values of rows."""
        self.slots[:, rows] = np.nan
        self._next[rows] = rows

    def assign_rows(self, rows: Rows, other: Window) -> None:
        """Assign another window: its row ``j`` becomes ``rows[j]``."""
        self.slots[:, rows] = other.slots
        self._next[rows] = other.positions() * self._rows + rows

    def load_rows(self, other: Window, rows: Rows | slice) -> None:
        """Load some rows of another window, in their order; this one is as wide as they are many."""
        self.slots[:] = other.slots[:, rows]
        self._next[:] = other.positions()[rows] * self._rows + np.arange(self._rows)

    def positions(self) -> Counts:
        """The slot each row writes next."""
        return self._next // max(self._rows, 1)

    def totals(self, rows: Rows) -> Floats:
        """The sum over the window of some rows, shape ``(len(rows),)``."""
        # Contiguous along the window: the order of the additions depends on its length alone.
        sums: Floats = np.ascontiguousarray(self.slots[:, rows].T).sum(axis=1)
        return sums

    def squares(self, center: Floats) -> Floats:
        """The sum of the squared distances from ``center``, one per row."""
        if self._work is None:
            self._work = np.empty_like(self.slots)
        away = np.subtract(self.slots, center, out=self._work)
        np.multiply(away, away, out=away)
        # A single row would be summed pairwise, in another order than the same row among others.
        sums: Floats = away.sum(axis=0) if self._rows > 1 else np.add.accumulate(away, axis=0)[-1]
        return sums


class RowState:
    """The state of every row of one indicator.

    Parameters
    ----------
    vectors
        How many state vectors.
    rows
        Their capacity.
    seed_bars
        Bars of its own a row needs until its seed is complete.
    window
        Values kept per row, 0 for none.

    Attributes
    ----------
    vectors
        Shape ``(vectors, rows)``; NaN is blank.
    live
        Which rows have had a bar.
    cold
        The live rows whose seed is incomplete, ascending.
    window
        The values kept, None for none.
    """

    def __init__(self, vectors: int, rows: int, seed_bars: int, window: int = 0) -> None:
        self.vectors: Floats = np.full((vectors, rows), np.nan)
        self.live: Mask = np.zeros(rows, np.bool_)
        self.counts: Counts = np.zeros(rows, np.intp)
        self.cold: Rows = NO_ROWS
        self.window = Window(window, rows) if window else None
        self._seed_bars = seed_bars
        self._differs: Mask = np.empty(rows, np.bool_)

    @property
    def rows(self) -> int:
        """The capacity."""
        return len(self.live)

    def begin_rows(self, rows: Mask, find: MaskRows) -> Rows:
        """Begin the rows that get their first bar; return the live rows that get none."""
        differing = find(np.not_equal(rows, self.live, out=self._differs))
        if not len(differing):
            return differing
        is_first = rows.take(differing)
        if not np.count_nonzero(is_first):
            return differing
        self._begin(differing[is_first])
        return differing[~is_first]

    def count(self, rows: Mask) -> tuple[Rows, Counts]:
        """Count this bar for the cold rows that get it; return them and how many they have had."""
        cold = self.cold[rows[self.cold]]
        counts = self.counts[cold] + 1
        self.counts[cold] = counts
        if np.count_nonzero(counts == self._seed_bars):
            self._find_cold()
        return cold, counts

    def forget(self, rows: Rows) -> None:
        """Reset rows to blank."""
        self._clear(rows)
        self.live[rows] = False
        self._find_cold()

    def assign_rows(self, rows: Rows, other: RowState) -> None:
        """Assign another state: its row ``j`` becomes ``rows[j]``."""
        self.vectors[:, rows] = other.vectors
        self.live[rows] = other.live
        self.counts[rows] = other.counts
        if self.window is not None and other.window is not None:
            self.window.assign_rows(rows, other.window)
        self._find_cold()

    def load_rows(self, other: RowState, rows: Rows | slice) -> None:
        """Load some rows of another state, in their order; this one is as wide as they are many."""
        self.vectors[:] = other.vectors[:, rows]
        self.live[:] = other.live[rows]
        self.counts[:] = other.counts[rows]
        if self.window is not None and other.window is not None:
            self.window.load_rows(other.window, rows)
        self._find_cold()

    def _begin(self, rows: Rows) -> None:
        self._clear(rows)
        self.live[rows] = True
        self._find_cold()

    def _clear(self, rows: Rows) -> None:
        self.vectors[:, rows] = np.nan
        self.counts[rows] = 0
        if self.window is not None:
            self.window.clear(rows)

    def _find_cold(self) -> None:
        self.cold = np.flatnonzero(self.live & (self.counts < self._seed_bars))
