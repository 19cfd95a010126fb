"""What is known of the bars of a live day: those of open minutes, and prints of those that went out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Block, Floats, LateBars, LateKind, Mask, Rows
from symscan.model.instant import Instant
from symscan.sources.ports import BarBatch

Fingerprints = NDArray[np.uint64]

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_FOLD: Final = np.uint64(29)


class BarPriority(IntEnum):
    """How much a bar is worth beside another of its symbol and minute; of equals the later one counts."""

    NONE = 0
    STREAMED = 1
    FETCHED = 2
    CORRECTED = 3


class _Minute:
    """The bars that end at one instant: whole while it is open, then only what tells them from others."""

    __slots__ = ("block", "last_arrival", "prints", "trust")

    def __init__(self, end: Instant, capacity: int, is_open: bool) -> None:
        self.block = Block.blank(end, capacity) if is_open else None
        self.trust = np.zeros(capacity, np.uint8)
        self.prints: Fingerprints = np.zeros(capacity, np.uint64)
        self.last_arrival: Instant | None = None

    def widen(self, capacity: int) -> None:
        """Make room for more columns."""
        more = capacity - len(self.trust)
        if more <= 0:
            return
        self.trust = np.pad(self.trust, (0, more))
        self.prints = np.pad(self.prints, (0, more))
        if self.block is not None:
            wider = Block.blank(self.block.end, capacity)
            wider.put(np.arange(capacity - more), self.block.present, self.block.fields)
            self.block = wider

    def take(self, rows: Rows, fields: Floats, trust: BarPriority) -> Mask:
        """Take over what is new or counts more than what was there; returns which, shape ``(n,)``."""
        prints = _prints(fields)
        is_news: Mask = (self.trust[rows] <= trust) & (self.prints[rows] != prints)
        self.trust[rows] = np.maximum(self.trust[rows], trust)
        self.prints[rows[is_news]] = prints[is_news]
        if self.block is not None and is_news.any():
            self.block.put(rows[is_news], np.ones(is_news.sum(), np.bool_), fields[:, is_news])
        return is_news

    def forget(self, rows: Rows) -> None:
        """Know nothing of some columns any more."""
        self.trust[rows] = BarPriority.NONE
        self.prints[rows] = 0
        if self.block is not None:
            blank = Block.blank(self.block.end, len(rows))
            self.block.put(rows, blank.present, blank.fields)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some arrivals.

    Attributes
    ----------
    late
        Bars of closed minutes that change something.
    fresh
        How many bars, of open and closed minutes, were not known before.
    """

    late: list[LateBars]
    fresh: int


class MinuteBuffer:
    """The bars of a day by column of the session.

    Of closed minutes only a print of each bar is kept, a fifth of its size: enough to tell a
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
        """Keep bars of these symbols in these columns, from now on."""
        self.columns.update(rows)
        self._capacity = max(capacity, self._capacity)

    def unsubscribe(self, symbols: Iterable[str]) -> None:
        """Forget all there is of these symbols; their columns may go to others."""
        gone = [self.columns.pop(symbol) for symbol in symbols if symbol in self.columns]
        rows = np.array(gone, np.intp)
        self._expected = np.setdiff1d(self._expected, rows)
        for end in self._minutes if gone else ():
            self._minute(end).forget(rows)

    def expect(self, symbols: Iterable[str]) -> None:
        """These symbols have to report before a minute is complete."""
        rows = [self.columns[symbol] for symbol in symbols if symbol in self.columns]
        self._expected = np.array(rows, np.intp)

    @property
    def is_expecting(self) -> bool:
        """Whether any symbol has to report."""
        return len(self._expected) > 0

    def is_complete(self, end: Instant) -> bool:
        """Whether all who have to report have done so."""
        if end not in self._minutes or not self.is_expecting:
            return False
        return bool(self._minute(end).trust[self._expected].all())

    def last_arrival(self, end: Instant) -> Instant | None:
        """When the last bar of a minute came."""
        minute = self._minutes.get(end)
        return None if minute is None else minute.last_arrival

    def take(self, arrivals: BarBatch, trust: BarPriority, now: Instant) -> Taken:
        """Put bars where they belong; those of symbols without a column are passed over.

        All of them are sound and end where a bar can end.
        """
        column = np.array([self.columns.get(symbol, -1) for symbol in arrivals.symbols], np.intp)
        late: list[LateBars] = []
        fresh = 0
        for end, chosen in _by_end(arrivals.ends, np.flatnonzero(column >= 0)):
            chosen = _last_of_each(column, chosen)
            rows, fields = column[chosen], arrivals.fields[:, chosen]
            minute = self._minute(end)
            minute.last_arrival = now
            known = minute.trust[rows] > BarPriority.NONE
            is_news = minute.take(rows, fields, trust)
            fresh += int((is_news & ~known).sum())
            if end <= self.closed:
                late += _late(end, rows, fields, is_news, known, trust)
        return Taken(late, fresh)

    def close(self, end: Instant) -> Block | None:
        """Close the next minute; its bars, None if none could end there."""
        self.closed = end
        if end not in self._ends:
            return None
        minute = self._minute(end)
        block, minute.block = minute.block, None
        return Block.blank(end, self._capacity) if block is None else block

    def remember(self, block: Block) -> None:
        """Know bars that the session has had from elsewhere."""
        rows = np.flatnonzero(block.present)
        self._minute(block.end, len(block.present)).take(rows, block.fields[:, rows], BarPriority.FETCHED)

    def _minute(self, end: Instant, width: int = 0) -> _Minute:
        self._capacity = max(width, self._capacity)
        minute = self._minutes.get(end)
        if minute is None:
            minute = self._minutes[end] = _Minute(end, self._capacity, is_open=end > self.closed)
        minute.widen(self._capacity)
        return minute


def _late(
    end: Instant, rows: Rows, fields: Floats, is_news: Mask, known: Mask, trust: BarPriority
) -> list[LateBars]:
    """What changes in a closed minute, by kind."""
    kinds = {BarPriority.FETCHED: LateKind.RECOVERED, BarPriority.CORRECTED: LateKind.CORRECTED}
    parts = ((is_news & ~known, kinds.get(trust, LateKind.LATE)), (is_news & known, LateKind.CORRECTED))
    return [LateBars(end, rows[part], fields[:, part], kind) for part, kind in parts if part.any()]


def _by_end(ends: NDArray[np.int64], chosen: Rows) -> Iterator[tuple[Instant, Rows]]:
    """The chosen bars by their end, ascending, otherwise in their order."""
    chosen = chosen[np.argsort(ends[chosen], kind="stable")]
    steps = np.flatnonzero(np.diff(ends[chosen])) + 1
    for part in np.split(chosen, steps):
        if len(part):
            yield int(ends[part[0]]), part


def _last_of_each(column: Rows, chosen: Rows) -> Rows:
    """The last of the chosen bars of each column, in their order."""
    of_chosen = column[chosen]
    is_there = np.zeros(of_chosen.max(initial=-1) + 1, np.bool_)
    is_there[of_chosen] = True
    if np.count_nonzero(is_there) == len(chosen):  # in nearly all frames: sorting takes ten times as long
        return chosen
    _, first_from_behind = np.unique(of_chosen[::-1], return_index=True)
    last: Rows = np.sort(chosen[::-1][first_from_behind])
    return last


def _prints(fields: Floats) -> Fingerprints:
    """A number for each bar that no other bar has; never 0."""
    mixed = np.zeros(fields.shape[1], np.uint64)
    for values in fields:
        bits = (values + 0.0).view(np.uint64)  # a volume of -0 is a volume of 0
        mixed = (mixed ^ bits) * _MIX
        mixed ^= mixed >> _FOLD
    return mixed | np.uint64(1)


def blocks_over(late: Iterable[LateBars], columns: Sequence[int], ends: Sequence[Instant]) -> list[Block]:
    """The bars of some columns as blocks over these columns, one per end; later ones replace earlier ones."""
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
