"""Coarser bars from finer ones: anchored at the session's open, the last one cut at its close."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Block, Floats, Mask
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session


def combine(blocks: Sequence[Block], end: Instant) -> Block:
    """One block that covers several consecutive ones.

    First open, highest high, lowest low, last close, summed volume. A row without a bar in any of
    them has none in the result.
    """
    fields, present = blocks[0].fields.copy(), blocks[0].present.copy()
    open_, high, low, close, volume = fields
    for block in blocks[1:]:
        np.fmax(high, block.high, out=high)
        np.fmin(low, block.low, out=low)
        block.forward_fill(close, block.close)
        np.add(volume, block.volume, out=volume)
        np.logical_or(present, block.present, out=present)
    for block in reversed(blocks):
        block.forward_fill(open_, block.open)
    return Block(end, fields, present)


def combine_slots(fields: Floats, present: Mask, size: int) -> tuple[Floats, Mask]:
    """Combine the blocks of a day, every so many into one, as :func:`combine` does.

    Parameters
    ----------
    fields, present
        As of :class:`~symscan.bars.dense.DenseBars`.
    size
        How many slots one bar covers; the last one may cover fewer.
    """
    firsts = range(0, len(present), size)
    combined = np.empty((len(firsts), *fields.shape[1:])), np.empty((len(firsts), present.shape[1]), np.bool_)
    if size <= len(firsts) and 2 * np.count_nonzero(present) >= present.size:
        _combine_strides(fields, present, size, *combined)
        return combined
    for number, first in enumerate(firsts):
        part = slice(first, first + size)
        if size > len(firsts):
            _combine_all(fields[part], present[part], combined[0][number], combined[1][number])
        else:
            block = combine([Block(0, *one) for one in zip(fields[part], present[part], strict=True)], 0)
            combined[0][number], combined[1][number] = block.fields, block.present
    return combined


def _combine_strides(fields: Floats, present: Mask, size: int, combined: Floats, is_there: Mask) -> None:
    """Combine few slots into each of many bars: the first slots of all bars, then the second ones, ..."""
    combined[:], is_there[:] = fields[::size], present[::size]
    open_, high, low, close, volume = combined.transpose(1, 0, 2)
    for first in range(1, size):
        part, known = fields[first::size], present[first::size]
        to = slice(len(part))
        np.fmax(high[to], part[:, HIGH], out=high[to])
        np.fmin(low[to], part[:, LOW], out=low[to])
        np.copyto(close[to], part[:, CLOSE], where=known)
        np.add(volume[to], part[:, VOLUME], out=volume[to])
        np.logical_or(is_there[to], known, out=is_there[to])
    for first in reversed(range(size)):
        part, known = fields[first::size], present[first::size]
        np.copyto(open_[: len(part)], part[:, OPEN], where=known)


def _combine_all(fields: Floats, present: Mask, combined: Floats, is_there: Mask) -> None:
    """Combine all slots into one bar."""
    columns = np.arange(present.shape[1])
    np.logical_or.reduce(present, axis=0, out=is_there)
    combined[OPEN] = fields[present.argmax(axis=0), OPEN, columns]
    np.fmax.reduce(fields[:, HIGH], axis=0, out=combined[HIGH])
    np.fmin.reduce(fields[:, LOW], axis=0, out=combined[LOW])
    combined[CLOSE] = fields[len(present) - 1 - present[::-1].argmax(axis=0), CLOSE, columns]
    # One slot after the other, as blocks are combined: a single column would be summed pairwise.
    volume = fields[:, VOLUME]
    combined[VOLUME] = volume.sum(axis=0) if len(columns) > 1 else np.add.accumulate(volume, axis=0)[-1]


class Aggregator:
    """Builds the bars of one interval from a session's finest blocks.

    Parameters
    ----------
    interval
        What to build; coarser than the blocks it is given.
    session
        The session whose open anchors the bars and whose close ends the last one.
    used
        How many of the finest blocks are in bars already built.
    """

    def __init__(self, interval: Interval, session: Session, used: int = 0) -> None:
        self._step = interval.minutes * MINUTE if interval.is_intraday else session.close - session.open
        self._open = session.open
        self._close = session.close
        self._used = used

    def is_complete(self, end: Instant) -> bool:
        """Whether a bar of the interval ends at this instant of the regular session."""
        return end == self._close or (end - self._open) % self._step == 0

    def advance(self, finest: Sequence[Block]) -> Block | None:
        """The bar block that the newest of the finest blocks completes, None while one is still open."""
        end = finest[-1].end
        if not self.is_complete(end):
            return None
        block = combine(finest[self._used :], end)
        self._used = len(finest)
        return block


def derive(interval: Interval, session: Session, finest: Sequence[Block]) -> list[Block]:
    """All bars of the interval that a run of finest blocks completes."""
    aggregator = Aggregator(interval, session)
    derived = (aggregator.advance(finest[: count + 1]) for count in range(len(finest)))
    return [block for block in derived if block is not None]
