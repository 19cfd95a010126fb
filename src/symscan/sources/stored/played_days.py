"""The days a run has played: their bars are the history of the next, and their arrays are used again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from symscan.bars.arrays import ArrayPool
from symscan.bars.dense import DenseBars, number
from symscan.bars.prices import BarPrices
from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, Rows
from symscan.sources.stored.read_ahead import ReadAhead

_KEPT: Final = 2
"""Today, and the session before it."""

_FEW: Final = 8
"""A copy of the prices of a smaller part of the symbols costs less than to go through those of all."""


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

    def forget(self, symbols: Iterable[str]) -> None:
        """Forget symbols whose bars are no longer all there."""
        for symbol in symbols:
            self.columns.pop(symbol, None)

    def reuse(self, columns: Collection[int]) -> None:
        """Forget the symbols whose columns others take."""
        self.forget([symbol for symbol, column in self.columns.items() if column in columns])

    def bars_of(self, symbols: Sequence[str]) -> DenseBars | None:
        """Return the bars over some symbols, not to be changed; None if not all of them are there."""
        chosen = self._chosen(symbols)
        return None if chosen is None else self.bars.cut(chosen)

    def prices_of(self, symbols: Sequence[str]) -> BarPrices | None:
        """Return the prices of symbols, and maybe of others; None if not all of them are there."""
        chosen = self._chosen(symbols)
        if chosen is None:
            return None
        slots = self.bars.slots
        ends = np.minimum(slots.start + slots.step * np.arange(1, len(slots) + 1), slots.stop)
        columns: Mapping[str, int] = self.columns
        prices = [self.bars.fields[:, field] for field in (OPEN, HIGH, LOW, CLOSE)]
        if _FEW * len(chosen) < self.bars.present.shape[1]:
            columns, prices = number(symbols), [one.take(chosen, axis=1) for one in prices]
        return BarPrices(columns, ends, *prices)

    def _chosen(self, symbols: Sequence[str]) -> Rows | None:
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
        The memory of their bars; used by the thread that reads ahead until that has ended.
    ahead
        Reads the bars of the session that is played next.
    """

    arrays: ArrayPool = field(default_factory=ArrayPool)
    ahead: ReadAhead = field(default_factory=ReadAhead)
    _days: dict[Path, PlayedDay] = field(default_factory=dict)

    def begin(self, path: Path | None) -> None:
        """Make room for a day, before its bars are laid out."""
        others = [one for one in self._days if one != path]
        for one in others[: len(others) - _KEPT + 1]:
            del self._days[one]
        if path is not None:
            self._days.pop(path, None)

    def keep_only(self, path: Path | None) -> None:
        """Drop all other days."""
        self._days = {one: day for one, day in self._days.items() if one == path}

    def put(self, path: Path | None, day: PlayedDay) -> None:
        """Keep the day that is played."""
        if path is not None:
            self._days[path] = day

    def find(self, path: Path | None) -> PlayedDay | None:
        """Return the day of a file, None if it was not played or is kept no more."""
        return None if path is None else self._days.get(path)
