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
from symscan.research.statistics.entries import Entries
from symscan.research.statistics.exits import Exits, returns_bp

_Keys = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Excursions:
    """How far prices went before the exit, entry bar and exit price included; cells ``(scans, symbols)``.

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

    def rows(
        self, first: Rows32, last: Rows32, columns: NDArray[np.integer] | None = None
    ) -> tuple[Rows32, Rows32]:
        """Return the slots of the highest and the lowest price from ``first`` to ``last``, both included.

        Cells ``(scans, symbols)``, or those of any ``columns`` of the same shape; where ``first`` is -1 the
        result means nothing.
        """
        start = np.maximum(first, 0)
        level = self._levels[np.maximum(last - start + 1, 1)]
        highs, lows = np.empty(first.shape, np.int64), np.empty(first.shape, np.int64)
        column = np.broadcast_to(np.arange(self._symbols) if columns is None else columns, first.shape)
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


def excursions(
    bars: DayBars, windows: WindowExtremes, entries: Entries, exits: Exits, side: Floats | float = 1.0
) -> Excursions:
    """Return how far the price went for and against each entry before its exit.

    Parameters
    ----------
    bars, windows
        The session's bars, and their windows, which all horizons share.
    entries, exits
        Where the holding begins and ends.
    side
        1 for what gains when the price rises, -1 for the other; a number, or cells.
    """
    known = exits.row >= 0
    high_row, low_row = windows.rows(np.where(known, entries.row, np.int32(-1)), exits.row)
    extremes = _Extremes(_at(bars.high, high_row), high_row, _at(bars.low, low_row), low_row)
    return _between(bars, entries.row, entries.price, exits.row, exits.price, extremes, side)


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
        extremes = _Extremes(high, high_row, low, low_row)
        return _between(bars, self.entry_row, self.entry_price, exit_row, exit_price, extremes, 1.0)

    def rest_of_session(self, bars: DayBars, windows: WindowExtremes) -> tuple[Floats, Floats]:
        """Return the highest and the lowest price from each entry bar to the close, NaN without an entry."""
        last = np.full(self.entry_row.shape, bars.bars - 1, np.int32)
        high_row, low_row = windows.rows(self.entry_row, last, self.column)
        known = self.entry_row >= 0
        high, low = bars.high[high_row, self.column], bars.low[low_row, self.column]
        return np.where(known, high, np.nan), np.where(known, low, np.nan)


@dataclass(frozen=True, eq=False)
class _Extremes:
    """The extremes before an exit, and their slots."""

    high: Floats
    high_row: Rows32
    low: Floats
    low_row: Rows32


def _between(
    bars: DayBars,
    entry_row: Rows32,
    entry_price: Floats,
    exit_row: Rows32,
    exit_price: Floats,
    extremes: _Extremes,
    side: Floats | float,
) -> Excursions:
    known, next_row = exit_row >= 0, exit_row + np.int32(1)
    up, up_row = _beyond(np.greater, exit_price, next_row, extremes.high, extremes.high_row)
    down, down_row = _beyond(np.less, exit_price, next_row, extremes.low, extremes.low_row)
    best, worst = (returns_bp(entry_price, price, side) for price in (up, down))
    minutes = bars.interval / MINUTE
    up_minutes, down_minutes = ((row - entry_row) * minutes for row in (up_row, down_row))
    up_minutes[~known], down_minutes[~known] = np.nan, np.nan
    is_long = np.asarray(side) > 0
    return Excursions(
        np.maximum(best, worst),
        np.minimum(best, worst),
        np.where(is_long, up_minutes, down_minutes),
        np.where(is_long, down_minutes, up_minutes),
    )


def rest_of_session(bars: DayBars, entries: Entries) -> tuple[Floats, Floats]:
    """Return the highest and the lowest price from each entry bar to the close, NaN without an entry."""
    known = entries.row >= 0
    high, low = (
        extreme.accumulate(field[::-1], axis=0)[::-1]
        for extreme, field in ((np.fmax, bars.high), (np.fmin, bars.low))
    )
    at = np.maximum(entries.row, 0)
    return np.where(known, _at(high, at), np.nan), np.where(known, _at(low, at), np.nan)


def _doubled(keys: _Keys, step: int, extreme: np.ufunc) -> _Keys:
    """Return the extremes of windows twice as long; those that reach beyond the last slot end there."""
    result = keys.copy()
    extreme(keys[:-step], keys[step:], out=result[:-step])
    return result


def _at(prices: Floats, row: Rows32) -> Floats:
    result: Floats = np.take_along_axis(prices, row, axis=0)
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
