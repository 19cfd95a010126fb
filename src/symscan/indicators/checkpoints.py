"""Copies of an indicator's earlier states today: a corrected bar is replayed from one, not from the open."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.indicators.base import Indicator
from symscan.model.bar import Block, Rows
from symscan.model.instant import Instant

EVERY: Final = 15
"""A copy is kept every so many bars: most corrections come within a minute or two."""

_COPIES: Final = 2
"""The newest copies are kept: with one alone, a bar corrected just after a copy would cost the whole day."""

Ends = NDArray[np.int64]


class BlockSlices:
    """Today's blocks cut down to rows: indicators of one interval mostly need the same.

    Parameters
    ----------
    blocks
        All of today's blocks, over the whole capacity.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._found: dict[tuple[int, bytes], list[Block]] = {}

    def after(self, end: Instant, rows: Rows) -> list[Block]:
        """Return the blocks that end after an instant, cut down to some rows."""
        first = bisect_right(self._blocks, end, key=_end)
        found = self._found.get((first, rows.tobytes()))
        if found is None:
            found = [block.cut(rows) for block in self._blocks[first:]]
            self._found[first, rows.tobytes()] = found
        return found


class Checkpoints:
    """Copies of one intraday indicator: at the session's open, and every few bars since.

    Every copy is right for all its rows: a rebuild or a correction also updates each later copy.

    Parameters
    ----------
    indicator
        The indicator copied; it has had no bars so far.
    rows
        Its capacity.
    opens_at
        The session's open: bars that end later are today's.
    """

    def __init__(self, indicator: Indicator, rows: int, opens_at: Instant) -> None:
        self._indicator = indicator
        self._ends: list[Instant] = [opens_at]
        self._copies: list[Indicator] = [indicator.blank(rows)]
        self._bars_since = 0

    def record(self, end: Instant) -> None:
        """Count the bars that end at an instant of today; keep a copy after every so many."""
        self._bars_since += 1
        if self._bars_since < EVERY:
            return
        self._bars_since = 0
        if len(self._copies) > _COPIES:
            del self._ends[1], self._copies[1]
        self._ends.append(end)
        self._copies.append(self._indicator.copy_rows(slice(None)))

    def rebuild(self, rows: Rows, history: Iterable[Block]) -> None:
        """Reset rows and replay their history and today's bars; see ``Indicator.rebuild``."""
        blocks = list(history)
        today = bisect_right(blocks, self._ends[0], key=_end)
        fresh = self._indicator.blank(len(rows))
        fresh.play(blocks[:today])
        self._copies[0].assign_rows(rows, fresh)
        self._replay_from(rows, fresh, 0, blocks[today:])

    def correct(self, rows: Rows, since: Ends, cuts: BlockSlices) -> None:
        """Recompute rows after bars of theirs changed.

        Parameters
        ----------
        rows
            The rows, each once; all were rebuilt or had no history.
        since
            The end of each one's first changed bar.
        cuts
            Today's bars, as they are now.
        """
        begins = np.searchsorted(self._ends, since) - 1  # the newest copy without the changed bar
        for begin in np.unique(begins).tolist():
            chosen = rows[begins == begin]
            fresh = self._copies[begin].copy_rows(chosen)
            self._replay_from(chosen, fresh, begin, cuts.after(self._ends[begin], chosen))

    def replace(self, indicator: Indicator, change: Callable[[Indicator], Indicator]) -> None:
        """Continue with another indicator of the same state, and change every copy alike."""
        self._indicator = indicator
        self._copies = [change(copy) for copy in self._copies]

    def forget(self, rows: Rows) -> None:
        """Reset rows in all copies."""
        for copy in self._copies:
            copy.forget(rows)

    def grow(self, rows: int) -> None:
        """Increase the capacity; the copy at the open is kept, the others are made anew with later bars."""
        del self._ends[1:], self._copies[1:]
        self._copies[0].grow(rows)

    def _replay_from(self, rows: Rows, fresh: Indicator, begin: int, blocks: Sequence[Block]) -> None:
        """Replay the bars since a copy, and assign the rows' states to each later copy on the way."""
        played = 0
        for end, copy in zip(self._ends[begin + 1 :], self._copies[begin + 1 :], strict=True):
            reached = bisect_right(blocks, end, key=_end)
            fresh.play(blocks[played:reached])
            copy.assign_rows(rows, fresh)
            played = reached
        fresh.play(blocks[played:])
        self._indicator.assign_rows(rows, fresh)


def _end(block: Block) -> Instant:
    return block.end
