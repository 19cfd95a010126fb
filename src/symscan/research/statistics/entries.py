"""Entries: where a symbol could be bought after a scan, by the rule of paper fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.model.fills import FillWindow
from symscan.model.instant import Instant
from symscan.research.statistics.day_bars import DayBars, Instants, Rows32
from symscan.research.statistics.reasons import Codes, OutcomeReason


@dataclass(frozen=True, eq=False)
class Entries:
    """Where each candidate of each scan could be entered; all arrays are cells ``(scans, symbols)``.

    Attributes
    ----------
    row
        The slot of the entry bar, -1 where there is none.
    price
        Its open.
    start
        Where it starts, UTC microseconds; -1 where there is none.
    why
        Why there is none, codes of :class:`~symscan.research.statistics.reasons.OutcomeReason`.
    """

    row: Rows32
    price: Floats
    start: Instants
    why: Codes

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which cells have an entry."""
        return self.row >= 0


def entries(
    bars: DayBars, decided: Sequence[Instant] | Instants, delay_minutes: int = 0, within_minutes: int = 2
) -> Entries:
    """Find the entry of each candidate of each scan: the open of the first bar in time.

    Parameters
    ----------
    bars
        The session's bars.
    decided
        From when each scan can be acted upon (:func:`symscan.model.fills.fillable_from` for those before the
        session, else :func:`symscan.model.fills.counted_decision`), UTC microseconds, ``(scans,)``.
    delay_minutes, within_minutes
        As in :class:`symscan.PaperRules`.
    """
    shape = (len(decided), bars.symbols)
    row, why = np.full(shape, -1, np.int32), np.zeros(shape, np.int8)
    for index, instant in enumerate(decided):
        window = FillWindow.after(int(instant), delay_minutes, within_minutes)
        row[index], why[index] = _entry_rows(bars, window)
    return _at_rows(bars, row, why)


def _entry_rows(bars: DayBars, window: FillWindow) -> tuple[Rows32, Codes]:
    """Return the slot of each symbol's entry bar, and why there is none."""
    last = bars.bars - 1
    first, end = bars.row_from(window.first), bars.row_from(window.last + 1)
    if first >= last:
        nothing = np.full(bars.symbols, -1, np.int32)
        return nothing, np.full(bars.symbols, OutcomeReason.TOO_LATE, np.int8)
    rows = bars.next_row[first]
    is_late = (rows == last) & (rows < end)
    found = (rows < end) & ~is_late
    why = np.where(
        found, OutcomeReason.KNOWN, np.where(is_late, OutcomeReason.TOO_LATE, OutcomeReason.NO_ENTRY_BAR)
    )
    return np.where(found, rows, np.int32(-1)), why.astype(np.int8)


def _at_rows(bars: DayBars, row: Rows32, why: Codes) -> Entries:
    """Read price and start of entry bars."""
    known = row >= 0
    price = np.take_along_axis(bars.open, np.maximum(row, 0), axis=0)
    price[~known] = np.nan
    start = np.where(known, bars.start[row], -1)
    return Entries(row, price, start, why)
