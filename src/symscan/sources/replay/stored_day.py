"""A stored day as one table of bars, sorted by symbol and end, to be delivered and fetched from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.bars.dense import BAR_COLUMNS, Slots
from symscan.model.bar import FIELDS, Floats, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.ports import BarBatch
from symscan.sources.store.bar_store import BarStore


class ReplayDay:
    """The bars of one session up to its close.

    Attributes
    ----------
    names
        The symbols, ascending.
    numbers
        The number of each bar's symbol, shape ``(n,)``.
    ends
        When each bar is complete, UTC microseconds, shape ``(n,)``.
    fields
        Shape ``(5, n)``.
    """

    def __init__(self, store: BarStore, session: Session, base: Interval) -> None:
        frame = store.load(base, [session.date], None, BAR_COLUMNS).sort("symbol", "start")
        starts = frame["start"].to_physical().to_numpy()
        ends = _ends(starts, session, base)
        kept = ends > 0
        symbols = frame["symbol"].filter(pl.Series(kept))
        runs = symbols.rle().struct.unnest()
        self.names: list[str] = runs["value"].to_list()
        lengths = runs["len"].to_numpy().astype(np.intp)
        self.numbers: Rows = np.repeat(np.arange(len(self.names)), lengths)
        self.ends: NDArray[np.int64] = ends[kept]
        self.fields: Floats = np.vstack([frame[name].to_numpy()[kept] for name in FIELDS])
        self._number = {name: number for number, name in enumerate(self.names)}
        self._first = np.concatenate([[0], np.cumsum(lengths)])

    def number(self, symbol: str) -> int | None:
        """The number of a symbol; None if the day has no bars of it."""
        return self._number.get(symbol)

    def bars(self, symbols: Iterable[str], after: Instant, until: Instant) -> BarBatch:
        """The bars with ``after < end <= until``, by symbol and end."""
        numbers = sorted({self._number[symbol] for symbol in symbols if symbol in self._number})
        chosen = [np.zeros(0, np.intp), *(self._within(number, after, until) for number in numbers)]
        return self.batch(np.concatenate(chosen), self.fields)

    def batch(self, chosen: Rows, fields: Floats, corrected: bool = False) -> BarBatch:
        """Return some of the bars as a batch, with the given values."""
        symbols = [self.names[number] for number in self.numbers[chosen].tolist()]
        return BarBatch(symbols, self.ends[chosen], fields[:, chosen], corrected)

    def _within(self, number: int, after: Instant, until: Instant) -> Rows:
        first, last = self._first[number], self._first[number + 1]
        begin, stop = np.searchsorted(self.ends[first:last], [after, until], side="right")
        return np.arange(first + begin, first + max(begin, stop))


def _ends(starts: NDArray[np.int64], session: Session, base: Interval) -> NDArray[np.int64]:
    """The end of the slot each start lies in; 0 for those that lie in none."""
    ends = np.zeros(len(starts), np.int64)
    for slots in (Slots.premarket(session, base), Slots.regular(session, base)):
        inside = (starts >= slots.start) & (starts < slots.stop)
        slot = (starts - slots.start) // slots.step + 1
        ends = np.where(inside, np.minimum(slots.start + slot * slots.step, slots.stop), ends)
    return ends
