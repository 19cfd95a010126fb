"""Coarser bars from finer ones: anchored at the session's open, the last one cut at its close."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.model.bar import Block
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
