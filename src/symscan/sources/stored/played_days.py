"""The days a run has played: their bars are the history of the next, and their arrays are used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from symscan.bars.arrays import ArrayPool
from symscan.bars.dense import DenseBars
from symscan.model.bar import CLOSE, HIGH, LOW, Block, Floats, Rows

_KEPT: Final = 2
"""Today, and the session before it."""


@dataclass(slots=True)
class PlayedDay:
    """The regular bars of one stored file, laid out for its session.

    Attributes
    ----------
    bars
        The bars, one column per row of the session.
    columns
        The columns of the symbols whose bars are all there, as the file has them.
    """

    bars: DenseBars
    columns: dict[str, int]

    def blocks(self, symbols: Sequence[str]) -> list[Block] | None:
        """Return one block per slot over some symbols; None if not all of them are there."""
        chosen = self.chosen(symbols)
        if chosen is None:
            return None
        if _follow(chosen) and 2 * len(chosen) >= self.bars.present.shape[1]:
            first = int(chosen[0])
            part = slice(first, first + len(chosen))
            return [
                Block(block.end, block.fields[:, part], block.present[part]) for block in self.bars.blocks()
            ]
        return [block.cut(chosen) for block in self.bars.blocks()]  # few: they must not keep all of it

    def last_closes(self, symbols: Sequence[str]) -> Floats | None:
        """Return the last close of some symbols, NaN without a bar; None if not all of them are there."""
        chosen = self.chosen(symbols)
        if chosen is None:
            return None
        present = self.bars.present[:, chosen]
        last = len(present) - 1 - np.argmax(present[::-1], axis=0)  # NaN is there where no bar is
        closes: Floats = self.bars.fields[last, CLOSE, chosen]
        return closes

    def bars_of(self, symbols: Sequence[str]) -> pl.DataFrame | None:
        """Return ``symbol``, ``end``, ``high``, ``low`` and ``close`` of every bar of some symbols.

        By symbol and end; ``end`` is UTC microseconds. None if not all of the symbols are there.
        """
        names = sorted(symbols)
        chosen = self.chosen(names)
        if chosen is None:
            return None
        place, slot = np.nonzero(self.bars.present.T[chosen])
        column = chosen[place]
        prices = {"high": HIGH, "low": LOW, "close": CLOSE}
        return pl.DataFrame(
            {
                "symbol": pl.Series(names, dtype=pl.String).gather(place),
                "end": np.array(self.bars.slots.ends)[slot],
                **{name: self.bars.fields[slot, price, column] for name, price in prices.items()},
            }
        )

    def chosen(self, symbols: Sequence[str]) -> Rows | None:
        """Return the columns of some symbols; None if not all of them are there."""
        try:
            return np.fromiter(map(self.columns.__getitem__, symbols), np.intp, len(symbols))
        except KeyError:
            return None


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
