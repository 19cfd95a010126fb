"""Running values of a session over its blocks: first open, highest high, summed volume.

A running value is updated only when it is read, one block at a time: the order of additions, and so the
last bit of every sum, does not depend on when it was read. Every so many blocks it keeps a copy, so that a
bar corrected a minute later is not paid for with the whole day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Final

import numpy as np

from symscan.model.bar import Block, Floats, Rows

Step = Callable[[Floats, Block], None]

EVERY: Final = 30
"""A copy is kept every so many blocks; the newest two are."""


class RunningValue:
    """One running value over all rows."""

    def __init__(self, step: Step, start: float, rows: int) -> None:
        self._step = step
        self._start = start
        self._done = 0
        self._value: Floats = np.full(rows, start)
        self._earlier: dict[int, Floats] = {}
        """By how many blocks it had done."""

    def value(self, blocks: Sequence[Block]) -> Floats:
        """The value after all of the blocks, shape ``(rows,)``; the object's own array, not to be changed."""
        if self._done < len(blocks):
            for done, block in enumerate(blocks[self._done :], self._done + 1):
                self._step(self._value, block)
                if done % EVERY == 0:
                    self._keep(done)
            self._done = len(blocks)
        return self._value

    def pinned(self, blocks: Sequence[Block]) -> RunningValue:
        """A copy over the blocks so far; catching up here spares every copy to do so."""
        pinned = copy(self)
        pinned._value = self.value(blocks).copy()
        pinned._done = self._done
        pinned._earlier = {}
        return pinned

    def begin(self, slot: int) -> int:
        """The first block that has to be gone through again after a change in a slot."""
        return max((done for done in self._earlier if done <= slot), default=0)

    def recompute(self, rows: Rows, blocks: Sequence[Block], begin: int = 0) -> None:
        """Work out some rows anew.

        Parameters
        ----------
        rows
            The rows, each once.
        blocks
            The blocks from ``begin`` on, cut down to the rows.
        begin
            As :meth:`begin` gave it.
        """
        value = self._earlier[begin][rows] if begin else np.full(len(rows), self._start)
        for done, block in enumerate(blocks[: self._done - begin], begin + 1):
            self._step(value, block)
            if done in self._earlier:
                self._earlier[done][rows] = value
        self._value[rows] = value

    def grow(self, rows: int) -> None:
        """Widen to ``rows`` rows."""
        more = np.full(rows - len(self._value), self._start)
        self._value = np.concatenate([self._value, more])
        self._earlier = {}

    def _keep(self, done: int) -> None:
        self._earlier = {one: self._earlier[one] for one in list(self._earlier)[-1:]}
        self._earlier[done] = self._value.copy()


class PriorRunningValue:
    """One running value as it stood up to so many bars earlier, each row's own bars.

    Parameters
    ----------
    step, start
        As of the running value.
    rows
        The capacity.
    depth
        How many bars back it is kept.
    """

    def __init__(self, step: Step, start: float, rows: int, depth: int) -> None:
        self._step = step
        self._start = start
        self._done = 0
        self._value: Floats = np.full(rows, start)
        self._kept: Floats = np.full((depth + 1, rows), np.nan)

    @property
    def depth(self) -> int:
        """How many bars back it is kept."""
        return len(self._kept) - 1

    def value(self, blocks: Sequence[Block], back: int) -> Floats:
        """The value after all of the blocks but each row's last bars, NaN without an earlier one.

        Shape ``(rows,)``; the object's own array, not to be changed.
        """
        for block in blocks[self._done :]:
            self._advance(block)
        self._done = len(blocks)
        value: Floats = self._kept[back]
        return value

    def pinned(self, blocks: Sequence[Block]) -> PriorRunningValue:
        """A copy over the blocks so far."""
        self.value(blocks, 0)
        pinned = copy(self)
        pinned._value, pinned._kept = self._value.copy(), self._kept.copy()
        return pinned

    def recompute(self, rows: Rows, blocks: Sequence[Block]) -> None:
        """Work out some rows anew; ``blocks`` are all of today's, cut down to the rows."""
        fresh = PriorRunningValue(self._step, self._start, len(rows), self.depth)
        fresh.value(blocks[: self._done], 0)
        self._value[rows], self._kept[:, rows] = fresh._value, fresh._kept

    def grow(self, rows: int) -> None:
        """Widen to ``rows`` rows."""
        more = rows - len(self._value)
        self._value = np.concatenate([self._value, np.full(more, self._start)])
        self._kept = np.concatenate([self._kept, np.full((len(self._kept), more), np.nan)], axis=1)

    def _advance(self, block: Block) -> None:
        self._step(self._value, block)
        for back in range(self.depth, 0, -1):
            np.copyto(self._kept[back], self._kept[back - 1], where=block.present)
        np.copyto(self._kept[0], self._value, where=block.present)


def first_open(value: Floats, block: Block) -> None:
    """The first bar's open; starts at NaN."""
    np.copyto(value, block.open, where=np.isnan(value))


def highest_high(value: Floats, block: Block) -> None:
    """The highest high; starts at NaN."""
    np.fmax(value, block.high, out=value)


def lowest_low(value: Floats, block: Block) -> None:
    """The lowest low; starts at NaN."""
    np.fmin(value, block.low, out=value)


def last_close(value: Floats, block: Block) -> None:
    """The last bar's close; starts at NaN."""
    block.forward_fill(value, block.close)


def summed_volume(value: Floats, block: Block) -> None:
    """The volume so far; starts at 0."""
    value += block.volume


def summed_turnover(value: Floats, block: Block) -> None:
    """``high + low + close``, three times the typical price, times volume, summed; starts at 0."""
    if block.is_sparse:
        value[block.rows] += _turnover(block.fields.take(block.rows, axis=1))
        return
    turnover = _turnover(block.fields)
    turnover[block.absent] = 0.0
    value += turnover


def _turnover(fields: Floats) -> Floats:
    _, high, low, close, volume = fields
    turnover: Floats = high + low
    turnover += close
    turnover *= volume
    return turnover
