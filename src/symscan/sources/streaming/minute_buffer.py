"""Buffer of a live day's bars: values of open minutes, fingerprints of closed ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Block, Floats, LateBars, LateKind, Mask, Rows
from symscan.model.instant import Instant
from symscan.sources.ports import BarBatch

Fingerprints = NDArray[np.uint64]

Span = tuple[Instant, Instant]
"""A span of time: after the first instant, up to the second."""

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_FOLD: Final = np.uint64(29)


class BarPriority(IntEnum):
    """Precedence among bars of the same symbol and minute; of equals the later one counts."""

    NONE = 0
    STREAMED = 1
    FETCHED = 2
    CORRECTED = 3


class _Minute:
    """The bars that end at one instant: their values while it is open, then their fingerprints alone."""

    __slots__ = ("block", "fingerprints", "last_arrival", "priority")

    def __init__(self, end: Instant, capacity: int, is_open: bool) -> None:
        self.block = Block.blank(end, capacity) if is_open else None
        self.priority = np.zeros(capacity, np.uint8)
        self.fingerprints: Fingerprints = np.zeros(capacity, np.uint64)
        self.last_arrival: Instant | None = None

    def widen(self, capacity: int) -> None:
        """Extend the arrays to so many columns."""
        more = capacity - len(self.priority)
        if more <= 0:
            return
        self.priority = np.pad(self.priority, (0, more))
        self.fingerprints = np.pad(self.fingerprints, (0, more))
        if self.block is not None:
            wider = Block.blank(self.block.end, capacity)
            wider.put(np.arange(capacity - more), self.block.present, self.block.fields)
            self.block = wider

    def add(self, rows: Rows, fields: Floats, priority: BarPriority) -> Mask:
        """Store bars that differ and have precedence; return which those are, shape ``(n,)``."""
        fingerprints = _fingerprints(fields)
        is_changed: Mask = (self.priority[rows] <= priority) & (self.fingerprints[rows] != fingerprints)
        self.priority[rows] = np.maximum(self.priority[rows], priority)
        self.fingerprints[rows[is_changed]] = fingerprints[is_changed]
        if self.block is not None and is_changed.any():
            self.block.put(rows[is_changed], np.ones(is_changed.sum(), np.bool_), fields[:, is_changed])
        return is_changed

    def clear(self, rows: Rows) -> None:
        """Clear some columns."""
        self.priority[rows] = BarPriority.NONE
        self.fingerprints[rows] = 0
        if self.block is not None:
            blank = Block.blank(self.block.end, len(rows))
            self.block.put(rows, blank.present, blank.fields)


@dataclass(frozen=True, slots=True)
class AddedBars:
    """The result of adding a batch.

    Attributes
    ----------
    late
        Bars of closed minutes that are new or differ.
    fresh
        Number of bars, of open and closed minutes, that are new.
    """

    late: list[LateBars]
    fresh: int


class MinuteBuffer:
    """The bars of a day by column of the session.

    Of closed minutes only a fingerprint of each bar is kept, a fifth of its size: enough to tell a
    duplicate from a correction.

    Parameters
    ----------
    ends
        Where a bar of the feed can end, ascending.
    closed
        The instant up to which every minute is closed.
    """

    def __init__(self, ends: Sequence[Instant], closed: Instant) -> None:
        self.closed = closed
        self.columns: dict[str, int] = {}
        self._capacity = 0
        self._ends = frozenset(ends)
        self._minutes: dict[Instant, _Minute] = {}
        self._expected: Rows = np.array([], np.intp)

    def has_slot(self, end: Instant) -> bool:
        """Whether a bar can end there."""
        return end in self._ends

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Store bars of these symbols in these columns from now on."""
        self.columns.update(rows)
        self._capacity = max(capacity, self._capacity)

    def unsubscribe(self, symbols: Iterable[str]) -> None:
        """Remove these symbols and their bars; their columns may be reused."""
        gone = [self.columns.pop(symbol) for symbol in symbols if symbol in self.columns]
        rows = np.array(gone, np.intp)
        self._expected = np.setdiff1d(self._expected, rows)
        for end in self._minutes if gone else ():
            self._minute(end).clear(rows)

    def expect(self, symbols: Iterable[str]) -> None:
        """Set the symbols whose bars make a minute complete."""
        rows = [self.columns[symbol] for symbol in symbols if symbol in self.columns]
        self._expected = np.array(rows, np.intp)

    @property
    def is_expecting(self) -> bool:
        """Whether a bar of any symbol is expected."""
        return len(self._expected) > 0

    def is_complete(self, end: Instant) -> bool:
        """Whether the bars of all expected symbols have arrived."""
        if end not in self._minutes or not self.is_expecting:
            return False
        return bool(self._minute(end).priority[self._expected].all())

    def incomplete(self, span: Span, symbols: Collection[str]) -> list[Span]:
        """Return the parts of a span, a bar's length each, in which any of the symbols misses its bar."""
        rows = np.array([self.columns[one] for one in symbols if one in self.columns], np.intp)
        since, until = span
        ends = sorted(end for end in self._ends if since < end <= until)
        return [
            (begin, end)
            for begin, end in pairwise([since, *ends])
            if end not in self._minutes or not self._minute(end).priority[rows].all()
        ]

    def last_arrival(self, end: Instant) -> Instant | None:
        """Return when the last bar of a minute arrived; None before the first."""
        minute = self._minutes.get(end)
        return None if minute is None else minute.last_arrival

    def add(self, batch: BarBatch, priority: BarPriority, now: Instant) -> AddedBars:
        """Add bars to their minutes; those of symbols without a column are ignored.

        All of them are valid and end where a bar can end.
        """
        column = np.array([self.columns.get(symbol, -1) for symbol in batch.symbols], np.intp)
        late: list[LateBars] = []
        fresh = 0
        for end, chosen in _by_end(batch.ends, np.flatnonzero(column >= 0)):
            chosen = _last_of_each(column, chosen)
            rows, fields = column[chosen], batch.fields[:, chosen]
            minute = self._minute(end)
            minute.last_arrival = now
            known = minute.priority[rows] > BarPriority.NONE
            is_changed = minute.add(rows, fields, priority)
            fresh += int((is_changed & ~known).sum())
            if end <= self.closed:
                late += _late(end, rows, fields, is_changed, known, priority)
        return AddedBars(late, fresh)

    def close(self, end: Instant) -> Block | None:
        """Close the next minute and return its bars; None if none could end there."""
        self.closed = end
        if end not in self._ends:
            return None
        minute = self._minute(end)
        block, minute.block = minute.block, None
        return Block.blank(end, self._capacity) if block is None else block

    def restore_bars(self, block: Block) -> None:
        """Add bars that a resumed session has processed before."""
        rows = np.flatnonzero(block.present)
        self._minute(block.end, len(block.present)).add(rows, block.fields[:, rows], BarPriority.FETCHED)

    def _minute(self, end: Instant, width: int = 0) -> _Minute:
        self._capacity = max(width, self._capacity)
        minute = self._minutes.get(end)
        if minute is None:
            minute = self._minutes[end] = _Minute(end, self._capacity, is_open=end > self.closed)
        minute.widen(self._capacity)
        return minute


def _late(
    end: Instant, rows: Rows, fields: Floats, is_changed: Mask, known: Mask, priority: BarPriority
) -> list[LateBars]:
    """Return the changes of a closed minute by kind."""
    kinds = {BarPriority.FETCHED: LateKind.RECOVERED, BarPriority.CORRECTED: LateKind.CORRECTED}
    parts = (
        (is_changed & ~known, kinds.get(priority, LateKind.LATE)),
        (is_changed & known, LateKind.CORRECTED),
    )
    return [LateBars(end, rows[part], fields[:, part], kind) for part, kind in parts if part.any()]


def _by_end(ends: NDArray[np.int64], chosen: Rows) -> Iterator[tuple[Instant, Rows]]:
    """Group the chosen bars by end, ascending; stable within a group."""
    chosen = chosen[np.argsort(ends[chosen], kind="stable")]
    steps = np.flatnonzero(np.diff(ends[chosen])) + 1
    for part in np.split(chosen, steps):
        if len(part):
            yield int(ends[part[0]]), part


def _last_of_each(column: Rows, chosen: Rows) -> Rows:
    """Return the last of the chosen bars of each column, in their order."""
    of_chosen = column[chosen]
    is_present = np.zeros(of_chosen.max(initial=-1) + 1, np.bool_)
    is_present[of_chosen] = True
    if np.count_nonzero(is_present) == len(chosen):  # in nearly all frames: sorting takes ten times as long
        return chosen
    _, first_from_behind = np.unique(of_chosen[::-1], return_index=True)
    last: Rows = np.sort(chosen[::-1][first_from_behind])
    return last


def _fingerprints(fields: Floats) -> Fingerprints:
    """Return a 64-bit fingerprint of each bar (collisions are negligible); 0 is left to mean no bar."""
    mixed = np.zeros(fields.shape[1], np.uint64)
    for values in fields:
        bits = (values + 0.0).view(np.uint64)  # a volume of -0 is a volume of 0
        mixed = (mixed ^ bits) * _MIX
        mixed ^= mixed >> _FOLD
    return mixed | np.uint64(1)


def blocks_over(late: Iterable[LateBars], columns: Sequence[int], ends: Sequence[Instant]) -> list[Block]:
    """Return the bars of some columns as blocks over these, one per end; later bars replace earlier ones."""
    blocks = {end: Block.blank(end, len(columns)) for end in ends}
    order = np.argsort(np.array(columns, np.intp))
    known = np.array(columns, np.intp)[order]
    for bars in late:
        block = blocks.get(bars.end)
        if block is not None:
            mine = np.isin(bars.rows, known)
            to = order[np.searchsorted(known, bars.rows[mine])]
            block.put(to, np.ones(len(to), np.bool_), bars.fields[:, mine])
    return list(blocks.values())
