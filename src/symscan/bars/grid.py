"""One session's bars of one interval: a list of blocks, one per slot, each over all rows."""

from __future__ import annotations

from bisect import bisect_left
from copy import copy

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Bar, Block, Floats, Mask, Rows
from symscan.model.bar_times import BarTimes
from symscan.model.instant import Instant

_MOST_SLOTS = 24 * 60
"""A day of the finest bars there are."""


class Grid:
    """Today's bars of one interval over all symbols; slot ``k`` is the ``k``-th block appended.

    A block is never changed once appended, except in columns of rows that join late, which were not
    visible before. Where bars are corrected, a patched copy replaces the block.

    Attributes
    ----------
    blocks
        The blocks so far, oldest first.
    last
        Each row's newest slot with a bar, -1 where it has none, shape ``(rows,)``.
    """

    def __init__(self, rows: int) -> None:
        self.blocks: list[Block] = []
        self.last: NDArray[np.int32] = np.full(rows, -1, np.int32)
        self._ends: Floats = np.full(_MOST_SLOTS + 1, np.nan)  # slot -1, of rows without a bar, is unknown

    @property
    def rows(self) -> int:
        """The capacity: how many rows every block has."""
        return len(self.last)

    @property
    def seen(self) -> Mask:
        """Which rows have had a bar, shape ``(rows,)``."""
        return self.last >= 0

    def append(self, block: Block) -> None:
        """Append a block of this grid's width as the newest slot."""
        slot = len(self.blocks)
        block.forward_fill(self.last, slot)
        self._ends[slot] = block.end
        self.blocks.append(block)

    def latest(self, row: int, times: BarTimes | None = None) -> Bar | None:
        """Return the row's newest bar, None if it has none."""
        slot = self.last.item(row)
        return Bar(self.blocks[slot], row, times) if slot >= 0 else None

    def recent(self, row: int, count: int, times: BarTimes | None = None) -> list[Bar]:
        """The row's newest ``count`` bars, oldest first; fewer if it has fewer."""
        found: list[Bar] = []
        for block in reversed(self.blocks[: self.last.item(row) + 1]):
            if len(found) == count:
                break
            if block.present.item(row):
                found.append(Bar(block, row, times))
        return found[::-1]

    def last_end(self, rows: Rows | slice) -> Floats:
        """End of the newest bar of some rows, UTC microseconds, NaN where there is none."""
        found: Floats = self._ends[self.last[rows]]
        return found

    def fill(self, slot: int, rows: Rows, present: Mask, fields: Floats) -> None:
        """Write bars of late rows into an older slot: ``present`` and ``fields`` are over ``rows`` alone."""
        block = self.blocks[slot]
        block.put(rows, present, fields)
        self.last[rows[present]] = np.maximum(self.last[rows[present]], slot)

    def slot_of(self, end: Instant) -> int | None:
        """The slot that ends at an instant, None if there is none so far."""
        slot = self.slot_covering(end)
        return slot if slot is not None and self.blocks[slot].end == end else None

    def slot_covering(self, end: Instant) -> int | None:
        """The slot whose bars hold a finer bar that ends at an instant, None while they are open."""
        slot = bisect_left(self.blocks, end, key=lambda block: block.end)
        return slot if slot < len(self.blocks) else None

    def patch(self, slot: int, rows: Rows, fields: Floats) -> None:
        """Write or replace bars in a slot that is visible already; ``fields`` is over ``rows`` alone."""
        block = self.blocks[slot]
        patched = Block(block.end, block.fields.copy(), block.present.copy())
        patched.put(rows, np.ones(len(rows), np.bool_), fields)
        self.blocks[slot] = patched
        self.last[rows] = np.maximum(self.last[rows], slot)

    def clear(self, rows: Rows) -> None:
        """Empty the rows' columns in every block, before another symbol uses them."""
        if not self.seen[rows].any():
            return
        # A bar of the rows' last symbol may still be referenced: patched copies replace the blocks.
        blank = Block.blank(0, len(rows))
        self.blocks = [Block(block.end, block.fields.copy(), block.present.copy()) for block in self.blocks]
        for block in self.blocks:
            block.put(rows, blank.present, blank.fields)
        self.last[rows] = -1

    def pinned(self) -> Grid:
        """Return a copy that stays as this grid is now; the blocks are shared."""
        pinned = copy(self)
        pinned.blocks, pinned.last = self.blocks.copy(), self.last.copy()
        return pinned

    def columns(self, rows: Rows, slot: int = 0) -> list[Block]:
        """The blocks from a slot on, cut down to some rows, for rebuilding what is derived from them."""
        return [block.cut(rows) for block in self.blocks[slot:]]

    def grow(self, rows: int) -> None:
        """Widen every block to ``rows`` columns."""
        self.blocks = [_widened(block, rows) for block in self.blocks]
        more = np.full(rows - self.rows, -1, np.int32)
        self.last = np.concatenate([self.last, more])

    def ends(self) -> list[Instant]:
        """The end of every slot, ascending."""
        return [block.end for block in self.blocks]


def _widened(block: Block, rows: int) -> Block:
    wide = Block.blank(block.end, rows)
    wide.put(np.arange(len(block.present)), block.present, block.fields)
    return wide
