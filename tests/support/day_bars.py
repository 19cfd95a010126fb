"""Sessions as matrices, and what came of every candidate of every scan of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import FIELDS, Floats
from symscan.model.instant import Instant
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import Entries
from symscan.research.statistics.excursions import HitCells, WindowExtremes
from symscan.research.statistics.exits import exits, returns_bp
from symscan.research.statistics.horizons import Horizon


def lay_out(
    opens_at: Instant,
    closes_at: Instant,
    interval: Instant,
    symbols: int,
    columns: NDArray[np.integer],
    starts: NDArray[np.int64],
    fields: Floats,
) -> DayBars:
    """Lay single bars out in slots: column, start, and open to volume of each."""
    slots = -((opens_at - closes_at) // interval)
    laid = np.full((len(FIELDS), slots, symbols), np.nan)
    laid[:, (starts - opens_at) // interval, columns] = fields
    return DayBars(opens_at + np.arange(slots) * interval, interval, closes_at, *laid)


def every_cell(entered: Entries) -> HitCells:
    """All candidates of all scans, as if each were a hit; those without an entry, too."""
    columns = np.broadcast_to(np.arange(entered.row.shape[1]), entered.row.shape)
    return HitCells(columns.ravel(), entered.row.ravel(), entered.price.ravel())


def outcomes(
    bars: DayBars, entered: Entries, horizon: Horizon, within_minutes: int = 2
) -> tuple[Sequence[Floats], NDArray[np.int8]]:
    """Return and age of the exit price, excursions and their minutes, and why; cells ``(scans, symbols)``."""
    ends = exits(bars, entered, horizon, within_minutes)
    far = every_cell(entered).excursions(bars, WindowExtremes(bars), ends.row.ravel(), ends.price.ravel())
    extremes = (far.mfe_bp, far.mae_bp, far.mfe_minutes, far.mae_minutes)
    shaped = [one.reshape(entered.row.shape) for one in extremes]
    return [returns_bp(entered.price, ends.price), ends.age_minutes, *shaped], ends.why
