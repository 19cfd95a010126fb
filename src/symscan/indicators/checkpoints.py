"""What an indicator was earlier today, so that a corrected bar is not paid for with the whole day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
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
    """Today's blocks cut down to rows: indicators of one interval mostly want the same.

    Parameters
    ----------
    blocks
        All of today's blocks, over the whole capacity.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._found: dict[tuple[int, bytes], list[Block]] = {}

    def after(self, end: Instant, rows: Rows) -> list[Block]:
        """The blocks that end later, over some rows alone."""
        first = bisect_right(self._blocks, end, key=_end)
        found = self._found.get((first, rows.tobytes()))
        if found is None:
            found = [block.cut(rows) for block in self._blocks[first:]]
            self._found[first, rows.tobytes()] = found
        return found


class Checkpoints:
    """Copies of one intraday indicator: at the session's open, and now and then since.

    Every copy is right of all its rows: whatever is rebuilt or corrected is put right in each copy
    that comes after it.

    Parameters
    ----------
    indicator
        Whose copies; it has had no bars so far.
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

    def note(self, end: Instant) -> None:
        """The indicator was given the bars that end at an instant of today."""
        self._bars_since += 1
        if self._bars_since < EVERY:
            return
        self._bars_since = 0
        if len(self._copies) > _COPIES:
            del self._ends[1], self._copies[1]
        self._ends.append(end)
        self._copies.append(self._indicator.taken(slice(None)))

    def rebuild(self, rows: Rows, history: Iterable[Block]) -> None:
        """Forget what is known of rows and play their history and today's bars; see ``Indicator.rebuild``."""
        blocks = list(history)
        today = bisect_right(blocks, self._ends[0], key=_end)
        fresh = self._indicator.blank(len(rows))
        fresh.play(blocks[:today])
        self._copies[0].put(rows, fresh)
        self._play_on(rows, fresh, 0, blocks[today:])

    def correct(self, rows: Rows, since: Ends, cuts: BlockSlices) -> None:
        """Make rows right again after bars of theirs changed.

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
            fresh = self._copies[begin].taken(chosen)
            self._play_on(chosen, fresh, begin, cuts.after(self._ends[begin], chosen))

    def forget(self, rows: Rows) -> None:
        """Make rows unknown at all times."""
        for copy in self._copies:
            copy.forget(rows)

    def grow(self, rows: int) -> None:
        """More capacity; the copy at the open stays, the others come back as the session goes on."""
        del self._ends[1:], self._copies[1:]
        self._copies[0].grow(rows)

    def _play_on(self, rows: Rows, fresh: Indicator, begin: int, blocks: Sequence[Block]) -> None:
        """Play the bars since a copy, and put what becomes of the rows into each later copy on the way."""
        played = 0
        for end, copy in zip(self._ends[begin + 1 :], self._copies[begin + 1 :], strict=True):
            reached = bisect_right(blocks, end, key=_end)
            fresh.play(blocks[played:reached])
            copy.put(rows, fresh)
            played = reached
        fresh.play(blocks[played:])
        self._indicator.put(rows, fresh)


def _end(block: Block) -> Instant:
    return block.end
