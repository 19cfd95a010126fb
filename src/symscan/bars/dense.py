"""Convert frames of bars to dense arrays: one slot per interval, one column per symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from symscan.bars.aggregator import combine_slots
from symscan.bars.arrays import ArrayPool
from symscan.model.bar import CLOSE, FIELDS, VOLUME, Block, Floats, Mask, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session

BAR_COLUMNS: Final = ("symbol", "start", *FIELDS)
"""The columns of stored bars that are read."""

_ROWS_AT_ONCE: Final = 1 << 17
"""Small enough that intermediate arrays stay in the cache, without another allocation."""


class Slots(Struct, frozen=True):
    """Consecutive bars of one length: ``[start, start + step)``, ... up to ``stop``, the last one cut there.

    All in UTC microseconds.
    """

    start: Instant
    stop: Instant
    step: int

    @staticmethod
    def regular(session: Session, interval: Interval) -> Slots:
        """The slots of the regular session."""
        return Slots(session.open, session.close, interval.minutes * MINUTE)

    @staticmethod
    def premarket(session: Session, interval: Interval) -> Slots:
        """The slots before the open, aligned to end there; an incomplete first one is left out."""
        step = interval.minutes * MINUTE
        whole = (session.open - session.pre_open) // step
        return Slots(session.open - whole * step, session.open, step)

    def __len__(self) -> int:
        return -(-(self.stop - self.start) // self.step)

    def combined(self, size: int) -> Slots:
        """The slots that each cover so many of these."""
        return Slots(self.start, self.stop, self.step * size)

    def after(self, instant: Instant) -> int:
        """The first slot that ends after an instant."""
        return (
            min(max((instant - self.start) // self.step, 0), len(self)) if instant < self.stop else len(self)
        )

    @property
    def ends(self) -> list[Instant]:
        """The end of every slot, ascending."""
        return [min(self.start + (slot + 1) * self.step, self.stop) for slot in range(len(self))]


class DenseBars:
    """The bars of a run of slots over many columns.

    Parameters
    ----------
    slots, columns
        Their shape.
    arrays
        Gives the memory.

    Attributes
    ----------
    fields
        Open, high, low, close, volume, shape ``(slots, 5, columns)``; prices NaN and volume 0 where
        there is no bar.
    present
        Where there is a bar, shape ``(slots, columns)``.
    """

    def __init__(self, slots: Slots, columns: int, arrays: ArrayPool | None = None) -> None:
        arrays = arrays or ArrayPool()
        self.slots = slots
        self.fields: Floats = arrays.floats((len(slots), 5, columns), np.nan)
        self.fields[:, VOLUME] = 0.0
        self.present: Mask = arrays.mask((len(slots), columns))

    def put(self, frame: pl.DataFrame, columns: Mapping[str, int], after: Instant = 0) -> None:
        """Write the frame's bars that lie in the slots and end after an instant.

        Parameters
        ----------
        frame
            ``symbol, start, open, high, low, close, volume``, bars of one symbol side by side.
        columns
            The column of each symbol; bars of other symbols are ignored.
        """
        first = max(self.slots.start, after - self.slots.step + 1)  # a bar may be open at that instant
        for part in frame.iter_slices(_ROWS_AT_ONCE):
            self._put_rows(part, columns, first)

    def _put_rows(self, frame: pl.DataFrame, columns: Mapping[str, int], first: Instant) -> None:
        column = _columns_of(frame["symbol"], columns)
        start = frame["start"].to_physical().to_numpy()
        fits = (column >= 0) & (start >= first) & (start < self.slots.stop)
        chosen = slice(None) if fits.all() else np.flatnonzero(fits)
        slot, column = (start[chosen] - self.slots.start) // self.slots.step, column[chosen]
        width = self.present.shape[1]
        self.present.reshape(-1)[slot * width + column] = True
        first_field = slot * (5 * width) + column
        flat = self.fields.reshape(-1)
        for field, name in enumerate(FIELDS):
            flat[first_field + field * width] = frame[name].to_numpy()[chosen]

    @classmethod
    def of(cls, slots: Slots, fields: Floats, present: Mask) -> DenseBars:
        """Return bars whose arrays are there."""
        bars = cls(slots, 0)
        bars.fields, bars.present = fields, present
        return bars

    def clear(self, columns: Sequence[int], after: Instant) -> None:
        """Clear the bars of some columns that end after an instant."""
        first = self.slots.after(after)
        self.present[first:, columns] = False
        self.fields[first:, :, columns] = np.nan
        self.fields[first:, VOLUME, columns] = 0.0

    def cut(self, columns: Rows) -> DenseBars:
        """Return some columns in their order: a view where they are most and follow one another."""
        first = int(columns[0]) if len(columns) else 0
        follow = np.array_equal(columns, np.arange(first, first + len(columns)))
        if follow and 2 * len(columns) >= self.present.shape[1]:
            part = slice(first, first + len(columns))
            return DenseBars.of(self.slots, self.fields[:, :, part], self.present[:, part])
        fields, present = self.fields.take(columns, axis=2), self.present.take(columns, axis=1)
        return DenseBars.of(self.slots, fields, present)  # few: they must not keep all of the day

    def combined(self, size: int) -> DenseBars:
        """Return bars that each cover so many slots; the last one may cover fewer."""
        return DenseBars.of(self.slots.combined(size), *combine_slots(self.fields, self.present, size))

    def last_closes(self) -> Floats:
        """Return the last close of every column, NaN without a bar, shape ``(columns,)``."""
        last = len(self.slots) - 1 - np.argmax(self.present[::-1], axis=0)
        closes: Floats = self.fields[last, CLOSE, np.arange(len(last))]
        return closes

    def blocks(self) -> list[Block]:
        """Return one block per slot, as views of the arrays."""
        return [
            Block(end, fields, present)
            for end, fields, present in zip(self.slots.ends, self.fields, self.present, strict=True)
        ]


def scaled(block: Block, factor: Floats) -> Block:
    """Convert a block to a later price basis: prices divided by each column's factor, volume times it."""
    fields = block.fields / factor
    fields[VOLUME] = block.volume * factor
    return Block(block.end, fields, block.present)


def number(symbols: Sequence[str]) -> dict[str, int]:
    """Number symbols by their position."""
    return {symbol: index for index, symbol in enumerate(symbols)}


def _columns_of(symbols: pl.Series, columns: Mapping[str, int]) -> Rows:
    runs = symbols.rle().struct.unnest()
    numbers = [columns.get(symbol, -1) for symbol in runs["value"].to_list()]
    return np.repeat(np.array(numbers, np.intp), runs["len"].to_numpy())
