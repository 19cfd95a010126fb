"""The highest, lowest and last price of symbols over spans of time: few instants, many spans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from symscan.bars.prices import BarPrices
from symscan.model.bar import Floats

Ints = NDArray[np.int64]


def extremes(prices: BarPrices, columns: Ints, after: Ints, until: Ints) -> tuple[Floats, Floats, Floats]:
    """Return the highest, lowest and last price of the bars that ended in ``(after, until]``, or NaN.

    Parameters
    ----------
    columns
        The column of each span's symbol in ``prices``, -1 for one without bars.
    after, until
        UTC microseconds.
    """
    first, stop = (np.searchsorted(prices.ends, at, "right") for at in (after, until))
    found = np.flatnonzero((first < stop) & (columns >= 0))
    highest, lowest, last = (np.full(len(columns), np.nan) for _ in range(3))
    if len(found):
        spans = _Spans.of(first[found], stop[found], columns[found])
        highest[found] = spans.reduced(prices.high, np.fmax)
        lowest[found] = spans.reduced(prices.low, np.fmin)
        last[found] = spans.last(prices.close)
    return highest, lowest, last


class _Spans(Struct, frozen=True):
    """Spans of rows in columns of a table, of few distinct bounds: those of scans.

    Rows between two neighbouring bounds are reduced once for all columns, and a span from those.

    Attributes
    ----------
    bounds
        The distinct bounds, ascending.
    first, stop
        The places in ``bounds`` of each span's first row, and of the row after its last.
    columns
        The column of each span.
    """

    bounds: Ints
    first: Ints
    stop: Ints
    columns: Ints

    @classmethod
    def of(cls, first: Ints, stop: Ints, columns: Ints) -> _Spans:
        """Number the bounds."""
        bounds = np.unique(np.concatenate([first, stop]))
        return cls(bounds, np.searchsorted(bounds, first), np.searchsorted(bounds, stop), columns)

    def reduced(self, table: Floats, reduce: np.ufunc) -> Floats:
        """Return what each span reduces to."""
        parts = [reduce.reduce(part, axis=0) for part in self._parts(table)]
        of_column = np.array([*parts, parts[-1]]).T.ravel()  # a bound may be one past the last part
        first, stop = (self.columns * len(self.bounds) + place for place in (self.first, self.stop))
        order = np.argsort(first)  # so that little lies between two spans, which is reduced too, and dropped
        found = np.empty(len(order))
        found[order] = reduce.reduceat(of_column, np.stack([first, stop], axis=1)[order].ravel())[::2]
        return found

    def last(self, table: Floats) -> Floats:
        """Return the last value of each span, NaN without any."""
        values = table[self.bounds[1:] - 1]
        absent = np.isnan(values)
        for place, part in enumerate(self._parts(table)):
            if absent[place].any():
                values[place] = _last(part)
        numbers = np.arange(len(values))[:, np.newaxis]
        known = np.maximum.accumulate(np.where(np.isnan(values), -1, numbers))[self.stop - 1, self.columns]
        return np.where(known < self.first, np.nan, values[known, self.columns])

    def _parts(self, table: Floats) -> Iterator[Floats]:
        """Yield the rows between neighbouring bounds."""
        return (table[low:high] for low, high in itertools.pairwise(self.bounds.tolist()))


def _last(rows: Floats) -> Floats:
    """Return the last value of each column that is known."""
    last: Floats = rows[-1]
    for row in rows[-2::-1]:
        absent = np.isnan(last)
        if not absent.any():
            break
        last = np.where(absent, row, last)
    return last
