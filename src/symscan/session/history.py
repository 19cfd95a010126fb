"""Bars of earlier sessions, compact, only for who asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from symscan.model.bar import Bar, Block
from symscan.model.interval import Interval


@dataclass(frozen=True, slots=True)
class _Kept:
    days: int
    blocks: Sequence[Block]
    column: int


class HistoryShelf:
    """Bars of earlier sessions by symbol and interval."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Interval], _Kept] = {}

    def put(self, symbols: Sequence[str], interval: Interval, days: int, blocks: Sequence[Block]) -> None:
        """Keep the bars of ``days`` sessions; blocks are over ``symbols``, oldest first."""
        for column, symbol in enumerate(symbols):
            if self.days(symbol, interval) < days:
                self._kept[symbol, interval] = _Kept(days, blocks, column)

    def days(self, symbol: str, interval: Interval) -> int:
        """How many sessions of bars are kept, -1 where none were asked for."""
        kept = self._kept.get((symbol, interval))
        return kept.days if kept else -1

    def recent(self, symbol: str, interval: Interval, count: int) -> list[Bar]:
        """The newest ``count`` bars kept, oldest first; fewer if there are fewer."""
        kept = self._kept.get((symbol, interval))
        found: list[Bar] = []
        for block in reversed(kept.blocks if kept else ()):
            if len(found) == count:
                break
            if kept and block.present.item(kept.column):
                found.append(Bar(block, kept.column))
        return found[::-1]

    def drop(self, symbols: Iterable[str]) -> None:
        """Forget the symbols' bars."""
        gone = set(symbols)
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] not in gone}
