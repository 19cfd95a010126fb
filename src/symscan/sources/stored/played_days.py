"""The days a run has played: their bars are the history of the next, and their arrays are used again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from symscan.bars.arrays import ArrayPool
from symscan.bars.dense import DenseBars, number
from symscan.bars.prices import BarPrices
from symscan.model.bar import CLOSE, HIGH, LOW, Block, Floats, Mask, Rows
from symscan.model.instant import Instant

_KEPT: Final = 2
"""Today, and the session before it."""

_TAIL_SHARE: Final = 8
"""What is left of a symbol's day is kept where it is no more than this part of it."""


@dataclass(frozen=True, slots=True)
class _Tail:
    """The bars from a slot on that symbols still had when they left the session."""

    first: int
    columns: Rows
    fields: Floats
    present: Mask


@dataclass(slots=True)
class PlayedDay:
    """The regular bars of one stored file, laid out for its session.

    Attributes
    ----------
    bars
        The bars, one column per row of the session; bars of symbols that left are cleared from then on.
    columns
        The columns of the symbols whose bars are all there, as the file has them.
    """

    bars: DenseBars
    columns: dict[str, int]
    _tails: list[_Tail] = field(default_factory=list)

    def leave(self, symbols: Sequence[str], after: Instant) -> None:
        """Keep what is left of the day of symbols that leave, mostly after their scanner's last scan."""
        known = [symbol for symbol in symbols if symbol in self.columns]
        first = sum(end <= after for end in self.bars.slots.ends)
        if not known or first == len(self.bars.slots):
            return
        if (len(self.bars.slots) - first) * _TAIL_SHARE > len(self.bars.slots):
            self._forget(known)
            return
        columns = np.array([self.columns[symbol] for symbol in known], np.intp)
        fields, present = self.bars.fields[first:, :, columns], self.bars.present[first:, columns]
        self._tails.append(_Tail(first, columns, fields, present))

    def reuse(self, columns: Collection[int]) -> None:
        """Forget the symbols whose columns others take."""
        self._forget([symbol for symbol, column in self.columns.items() if column in columns])

    def blocks(self, symbols: Sequence[str]) -> list[Block] | None:
        """Return one block per slot over some symbols; None if not all of them are there."""
        chosen = self._chosen(symbols)
        if chosen is None:
            return None
        tail = self._tail()
        blocks = self.bars.blocks()[: tail.first]
        ends = self.bars.slots.ends[tail.first :]
        blocks += [Block(*one) for one in zip(ends, tail.fields, tail.present, strict=True)]
        if _follow(chosen) and 2 * len(chosen) >= self.bars.present.shape[1]:
            part = slice(int(chosen[0]), int(chosen[0]) + len(chosen))
            return [Block(block.end, block.fields[:, part], block.present[part]) for block in blocks]
        return [block.cut(chosen) for block in blocks]  # few: they must not keep all of the day

    def last_closes(self, symbols: Sequence[str]) -> Floats | None:
        """Return the last close of some symbols, NaN without a bar; None if not all of them are there."""
        chosen = self._chosen(symbols)
        if chosen is None:
            return None
        tail = self._tail()
        present = self._present(tail, chosen)
        last = len(present) - 1 - np.argmax(present[::-1], axis=0)
        closes = self._prices(tail, CLOSE, last, chosen)
        closes[~present.any(axis=0)] = np.nan
        return closes

    def prices_of(self, symbols: Sequence[str]) -> BarPrices | None:
        """Return the prices of symbols, and maybe of others; None if not all of them are there."""
        chosen = self._chosen(symbols)
        if chosen is None:
            return None
        tail = self._tail()
        ends = np.array(self.bars.slots.ends, np.int64)
        columns: Mapping[str, int] = self.columns
        part: slice | Rows = slice(None)
        if 2 * len(chosen) < self.bars.present.shape[1]:
            columns, part = number(symbols), chosen
        prices = (self._field(tail, field, part) for field in (HIGH, LOW, CLOSE))
        return BarPrices(columns, ends, *prices)

    def _chosen(self, symbols: Sequence[str]) -> Rows | None:
        """Return the columns of some symbols; None if not all of them are there."""
        try:
            return np.fromiter(map(self.columns.__getitem__, symbols), np.intp, len(symbols))
        except KeyError:
            return None

    def _forget(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            del self.columns[symbol]

    def _tail(self) -> _Tail:
        """Return the end of the day over all columns, with the bars of the symbols that left."""
        first = min((tail.first for tail in self._tails), default=len(self.bars.slots))
        fields, present = self.bars.fields[first:].copy(), self.bars.present[first:].copy()
        for tail in self._tails:
            fields[tail.first - first :, :, tail.columns] = tail.fields
            present[tail.first - first :, tail.columns] = tail.present
        return _Tail(first, np.arange(present.shape[1]), fields, present)

    def _present(self, tail: _Tail, chosen: Rows) -> Mask:
        """Return where some columns have a bar, shape ``(slots, columns)``."""
        return np.concatenate([self.bars.present[: tail.first, chosen], tail.present[:, chosen]])

    def _field(self, tail: _Tail, field: int, part: slice | Rows) -> list[Floats]:
        """Return one price of some columns, as two tables of shape ``(slots, columns)``."""
        return [self.bars.fields[: tail.first, field, part], tail.fields[:, field, part]]

    def _prices(self, tail: _Tail, price: int, slot: Rows, column: Rows) -> Floats:
        """Return one price of some bars."""
        prices: Floats = self.bars.fields[slot, price, column]
        late = np.flatnonzero(slot >= tail.first)
        prices[late] = tail.fields[slot[late] - tail.first, price, column[late]]
        return prices


@dataclass(slots=True)
class PlayedDays:
    """The last days of a run by the file of their bars: bars only, never state, so days stay independent.

    Attributes
    ----------
    arrays
        The memory of their bars.
    """

    arrays: ArrayPool = field(default_factory=ArrayPool)
    _days: dict[Path, PlayedDay] = field(default_factory=dict)

    def begin(self, path: Path | None) -> None:
        """Make room for a day, before its bars are laid out."""
        others = [one for one in self._days if one != path]
        for one in others[: len(others) - _KEPT + 1]:
            del self._days[one]
        if path is not None:
            self._days.pop(path, None)

    def put(self, path: Path | None, day: PlayedDay) -> None:
        """Keep the day that is played."""
        if path is not None:
            self._days[path] = day

    def find(self, path: Path | None) -> PlayedDay | None:
        """Return the day of a file, None if it was not played or is kept no more."""
        return None if path is None else self._days.get(path)


def _follow(chosen: Rows) -> bool:
    first = int(chosen[0]) if len(chosen) else 0
    return len(chosen) > 0 and bool(np.array_equal(chosen, np.arange(first, first + len(chosen))))
