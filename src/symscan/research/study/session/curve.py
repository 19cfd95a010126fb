"""Event time: hits and their controls by the minute, from before the entry to after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.model.bar import Floats, Mask
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import Entries
from symscan.research.statistics.exits import returns_bp
from symscan.research.study.session.comparison import HitComparison

FIRST_MINUTE: Final = -30
LAST_MINUTE: Final = 120


@dataclass(frozen=True, eq=False)
class CurveRows:
    """The returns of each hit and of its controls since the entry, ``(hits, minutes)``; NaN where unknown.

    Before the entry it is what the price still had to go: known when the hit was chosen.
    """

    ret: Floats
    control: Floats

    def sums(self, side: Floats, chosen: Mask | None = None) -> CurveSums:
        """Sum up hits whose controls are known, too, each on its side.

        Parameters
        ----------
        side
            1 for who bought, -1 for who sold short, NaN for neither; ``(hits,)``.
        chosen
            Which hits; None for all.
        """
        ret, control = self.ret * side[:, None], self.control * side[:, None]
        known = ~(np.isnan(ret) | np.isnan(control))
        if chosen is not None:
            known &= chosen[:, None]
        return CurveSums(
            known.sum(axis=0).astype(np.float64),
            np.where(known, ret, 0.0).sum(axis=0),
            np.where(known, control, 0.0).sum(axis=0),
        )


@dataclass(frozen=True, eq=False)
class CurveSums:
    """Hits of a session by the minute, ``(minutes,)``: how many, and the sums of returns."""

    n: Floats
    ret: Floats
    control: Floats


def curve_minutes(bars: DayBars) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the minutes of the curve: those that are whole bars."""
    step = max(int(bars.interval // MINUTE), 1)
    return np.arange(-(-FIRST_MINUTE // step) * step, LAST_MINUTE + 1, step)


def curve_rows(bars: DayBars, entries: Entries, comparison: HitComparison) -> CurveRows:
    """Follow the price of each hit and of its controls, by the last close that was known at each minute."""
    closes = np.where(
        bars.previous_row >= 0,
        np.take_along_axis(bars.close, np.maximum(bars.previous_row, 0), axis=0),
        np.nan,
    )
    minutes = curve_minutes(bars)
    slots = minutes * MINUTE // bars.interval - 1
    shape = (len(comparison.scan), len(minutes))
    ret, control = np.full(shape, np.nan), np.full(shape, np.nan)
    for scan in np.unique(comparison.scan).tolist():
        own = np.flatnonzero(comparison.scan == scan)
        strata = comparison.strata if comparison.strata.ndim == 1 else comparison.strata[scan]
        row = comparison.instants[scan]
        ret[own] = _paths(closes, entries, row, comparison.column[own], slots)
        levels = strata[comparison.column[own]]
        for level in np.unique(levels).tolist():
            alike = np.flatnonzero(comparison.pool[scan] & (strata == level))
            mean = _mean(_paths(closes, entries, row, alike, slots), comparison.min_controls)
            control[own[levels == level]] = mean
    return CurveRows(ret, control)


def _paths(
    closes: Floats,
    entries: Entries,
    row: int,
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    slots: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Floats:
    """Return what symbols returned since their entry, ``(columns, minutes)``."""
    first, price = entries.row[row, columns][:, None], entries.price[row, columns][:, None]
    at = first + slots
    known = (first >= 0) & (at >= 0) & (at < len(closes))
    values = closes[np.where(known, at, 0), columns[:, None]]
    paths = returns_bp(price, np.where(known, values, np.nan))
    paths[:, slots == -1] = np.where(first >= 0, 0.0, np.nan)
    return paths


def _mean(paths: Floats, least: int) -> Floats:
    known = ~np.isnan(paths)
    count = known.sum(axis=0)
    total = np.where(known, paths, 0.0).sum(axis=0)
    mean: Floats = np.where(count >= max(least, 1), total, np.nan) / np.maximum(count, 1)
    return mean
