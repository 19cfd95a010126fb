"""Bars of earlier sessions, kept by the holder that requested them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import overload

from symscan.model.bar import Bar, Block
from symscan.model.bar_times import BarTimes
from symscan.model.interval import Interval


class LazyBlocks(Sequence[Block]):
    """Blocks that are loaded on first access.

    Most symbols that enter a session never have their bars of last week read; where loading takes no
    session time, as in a backtest, loading them late changes no result.

    Parameters
    ----------
    load
        Loads them, oldest first; called at most once.
    """

    def __init__(self, load: Callable[[], Sequence[Block]]) -> None:
        self._load = load

    @cached_property
    def _blocks(self) -> Sequence[Block]:
        return self._load()

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, index: int) -> Block: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Block]: ...

    def __getitem__(self, index: int | slice) -> Block | Sequence[Block]:
        return self._blocks[index]


class LoadedBlocks(tuple[Block, ...]):
    """Blocks that were loaded: thousands for every symbol that joins, known by one object."""

    __slots__ = ()


_Kept = tuple[int, Sequence[Block], int]
"""How many sessions are kept, their blocks, and the symbol's column.

One for each symbol: with a class of its own, a cache of 8,000 takes 40 ms to send to a scanner's process.
"""


_NOTHING_KEPT: _Kept = (-1, (), 0)


class HistoryCache:
    """Bars of earlier sessions by holder, symbol and interval.

    Bars requested by one holder are hidden from the others: results must not depend on other plug-ins.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, Interval], _Kept] = {}
        self._is_shared = False

    def pinned(self) -> HistoryCache:
        """Return a cache that stays as this one is now; nothing is copied until one of them changes."""
        self._is_shared = True
        return copy(self)

    def put(
        self, holder: str, symbols: Sequence[str], interval: Interval, days: int, blocks: Sequence[Block]
    ) -> None:
        """Keep the bars of ``days`` sessions; blocks are over ``symbols``, oldest first."""
        if self._is_shared:
            self._kept, self._is_shared = self._kept.copy(), False
        if not isinstance(blocks, LazyBlocks):
            blocks = LoadedBlocks(blocks)
        for column, symbol in enumerate(symbols):
            if self.days(holder, symbol, interval) < days:
                self._kept[holder, symbol, interval] = (days, blocks, column)

    def days(self, holder: str, symbol: str, interval: Interval) -> int:
        """Return how many sessions of bars are kept, -1 where none were requested."""
        kept = self._kept.get((holder, symbol, interval))
        return kept[0] if kept else -1

    def recent(
        self, holder: str, symbol: str, interval: Interval, count: int, times: BarTimes | None = None
    ) -> list[Bar]:
        """Return the newest ``count`` bars kept, oldest first; fewer if there are fewer."""
        _, blocks, column = self._kept.get((holder, symbol, interval), _NOTHING_KEPT)
        found: list[Bar] = []
        for block in reversed(blocks if count > 0 else ()):
            if len(found) == count:
                break
            if block.present.item(column):
                found.append(Bar(block, column, times))
        return found[::-1]

    def drop(self, symbols: Iterable[str], holders: Collection[str] | None = None) -> None:
        """Remove the symbols' bars: those some holders requested, or all of them."""
        gone = set(symbols)
        self._kept = {
            key: kept
            for key, kept in self._kept.items()
            if key[1] not in gone or (holders is not None and key[0] not in holders)
        }
        self._is_shared = False
