"""The regular bars of one session as matrices, time down, symbols across."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.model.instant import Instant

Rows32 = NDArray[np.int32]
Instants = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DayBars:
    """The regular bars of one session, of all candidates.

    Attributes
    ----------
    start
        Where each slot starts, UTC microseconds, ``(bars,)``; one after the other from the open, without
        holes.
    interval
        How long a slot lasts, microseconds; the last one ends at the close, sooner if the session does.
    closes_at
        The session's close.
    open, high, low, close, volume
        ``(bars, symbols)``; NaN where a symbol has no bar.
    """

    start: Instants
    interval: Instant
    closes_at: Instant
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def bars(self) -> int:
        """How many slots."""
        return len(self.open)

    @property
    def symbols(self) -> int:
        """How many columns."""
        return len(self.open[0])

    def columns(self, columns: slice | NDArray[np.integer]) -> DayBars:
        """Return the bars of some symbols."""
        fields = (self.open, self.high, self.low, self.close, self.volume)
        cut = (np.ascontiguousarray(field[:, columns]) for field in fields)
        return DayBars(self.start, self.interval, self.closes_at, *cut)

    @cached_property
    def next_row(self) -> Rows32:
        """The first slot from each on with a bar, ``bars`` where none is; ``(bars + 1, symbols)``."""
        rows = np.full((self.bars + 1, self.symbols), self.bars, np.int32)
        own = np.arange(self.bars, dtype=np.int32)[:, None]
        rows[:-1] = np.where(np.isnan(self.open), np.int32(self.bars), own)
        result: Rows32 = np.minimum.accumulate(rows[::-1], axis=0)[::-1]
        return result

    @cached_property
    def previous_row(self) -> Rows32:
        """The last slot up to each with a bar, -1 where none is; ``(bars, symbols)``."""
        return last_known_rows(self.open)

    @property
    def prices(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Open, high, low and close."""
        return self.open, self.high, self.low, self.close

    def row_from(self, instant: Instant) -> int:
        """The first slot that starts at ``instant`` or later; ``bars`` if none does."""
        return int(np.searchsorted(self.start, instant, side="left"))


def last_known_rows(values: Floats) -> Rows32:
    """Return the last row up to each where a column has a value, -1 where none is, of the same shape."""
    own = np.arange(len(values), dtype=np.int32)[:, None]
    result: Rows32 = np.maximum.accumulate(np.where(np.isnan(values), np.int32(-1), own), axis=0)
    return result
