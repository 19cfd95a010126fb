"""Excursions: how far the price went for and against an entry before its exit, and after how many minutes.

The highest and lowest prices of windows come from doubled windows, ``M[k + 1][t] = max(M[k][t], M[k][t +
2**k])``: any window is the union of two that overlap, so no loop goes over symbols or windows. A price and
the slot it stood in are one integer (the bits of a positive float64 are ordered as the float is; the lowest
ones give way to the slot), so that the extreme and its place come from one pass; the price itself is then
read from the bars.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars, Rows32
from symscan.research.statistics.exits import returns_bp

_Keys = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Excursions:
    """How far prices went before the exit, entry bar and exit price included, ``(hits,)`` each.

    Attributes
    ----------
    mfe_bp, mae_bp
        The most favourable and the most adverse excursion, basis points of the entry price:
        ``mfe_bp >= 0 >= mae_bp``, and the return lies between them. NaN where the exit is unknown.
    mfe_minutes, mae_minutes
        From the start of the entry bar to the start of the first bar that reached it.
    """

    mfe_bp: Floats
    mae_bp: Floats
    mfe_minutes: Floats
    mae_minutes: Floats


class WindowExtremes:
    """The slots of the highest and lowest prices of windows of a session's bars, each by two look-ups."""

    def __init__(self, bars: DayBars) -> None:
        self._symbols = bars.symbols
        self._bits = np.int64((1 << bars.bars.bit_length()) - 1)
        slot = np.arange(bars.bars, dtype=np.int64)[:, None]
        # Of equal prices the first counts: where the larger key wins, slots are counted from the end.
        self._highs = [self._keys(bars.high, 0.0) | (self._bits - slot)]
        self._lows = [self._keys(bars.low, np.inf) | slot]
        self._levels = np.frexp(np.arange(bars.bars + 1))[1] - 1

    def rows(self, first: Rows32, last: Rows32, column: NDArray[np.integer]) -> tuple[Rows32, Rows32]:
        """Return the slots of the highest and the lowest price from ``first`` to ``last``, both included.

        All have one shape; where ``first`` is -1 the result means nothing.
        """
        start = np.maximum(first, 0)
        level = self._levels[np.maximum(last - start + 1, 1)]
        highs, lows = np.empty(first.shape, np.int64), np.empty(first.shape, np.int64)
        levels = np.flatnonzero(np.bincount(level.ravel())).tolist()
        for one in levels:
            cells = (level == one).nonzero() if len(levels) > 1 else ...
            left = start[cells] * self._symbols + column[cells]
            right = np.maximum(last[cells] + 1 - (1 << one), 0) * self._symbols + column[cells]
            top, bottom = self._level(one)
            highs[cells] = np.maximum(top.take(left), top.take(right))
            lows[cells] = np.minimum(bottom.take(left), bottom.take(right))
        return (self._bits - (highs & self._bits)).astype(np.int32), (lows & self._bits).astype(np.int32)

    def _keys(self, prices: Floats, absent: float) -> _Keys:
        keys: _Keys = np.where(np.isnan(prices), absent, prices).view(np.int64) & ~self._bits
        return keys

    def _level(self, level: int) -> tuple[_Keys, _Keys]:
        """Return the extremes of all windows of ``2**level`` slots, by their first slot."""
        while len(self._highs) <= level:
            step = 1 << (len(self._highs) - 1)
            self._highs.append(_doubled(self._highs[-1], step, np.maximum))
            self._lows.append(_doubled(self._lows[-1], step, np.minimum))
        return self._highs[level], self._lows[level]


@dataclass(frozen=True, eq=False)
class HitCells:
    """Single cells of a session, where few of all are of interest: ``(hits,)`` each.

    Attributes
    ----------
    column
        Which symbol.
    entry_row, entry_price
        Of the entries, -1 and NaN where there is none.
    """

    column: NDArray[np.integer]
    entry_row: Rows32
    entry_price: Floats

    def excursions(
        self, bars: DayBars, windows: WindowExtremes, exit_row: Rows32, exit_price: Floats
    ) -> Excursions:
        """Return how far the price went before each exit, for who bought."""
        known = exit_row >= 0
        first = np.where(known, self.entry_row, np.int32(-1))
        high_row, low_row = windows.rows(first, exit_row, self.column)
        high, low = bars.high[high_row, self.column], bars.low[low_row, self.column]
        up, up_row = _beyond(np.greater, exit_price, exit_row + np.int32(1), high, high_row)
        down, down_row = _beyond(np.less, exit_price, exit_row + np.int32(1), low, low_row)
        up_minutes, down_minutes = (
            np.where(known, (row - self.entry_row) * (bars.interval / MINUTE), np.nan)
            for row in (up_row, down_row)
        )
        up_bp, down_bp = (returns_bp(self.entry_price, price) for price in (up, down))
        return Excursions(up_bp, down_bp, up_minutes, down_minutes)

    def rest_of_session(self, bars: DayBars, windows: WindowExtremes) -> tuple[Floats, Floats]:
        """Return the highest and the lowest price from each entry bar to the close, NaN without an entry."""
        last = np.full(self.entry_row.shape, bars.bars - 1, np.int32)
        high_row, low_row = windows.rows(self.entry_row, last, self.column)
        known = self.entry_row >= 0
        high, low = bars.high[high_row, self.column], bars.low[low_row, self.column]
        return np.where(known, high, np.nan), np.where(known, low, np.nan)


def _doubled(keys: _Keys, step: int, extreme: np.ufunc) -> _Keys:
    """Return the extremes of windows twice as long; those that reach beyond the last slot end there."""
    result = keys.copy()
    extreme(keys[:-step], keys[step:], out=result[:-step])
    return result


def _beyond(
    is_beyond: Callable[[Floats, Floats], NDArray[np.bool_]],
    exit_price: Floats,
    exit_row: Rows32,
    price: Floats,
    row: Rows32,
) -> tuple[Floats, Rows32]:
    """Return the exit price where it lies beyond the bars before it, else theirs, and its slot."""
    takes_exit = is_beyond(exit_price, price)
    prices = np.where(takes_exit, exit_price, price)
    prices[np.isnan(exit_price)] = np.nan
    return prices, np.where(takes_exit, exit_row, row)
