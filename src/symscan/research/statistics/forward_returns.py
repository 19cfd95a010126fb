"""Forward returns of all candidates of a session, for all horizons that end within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.model.bar import Floats
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import Entries
from symscan.research.statistics.excursions import Excursions, WindowExtremes, excursions
from symscan.research.statistics.exits import exits, returns_bp
from symscan.research.statistics.horizons import Horizon
from symscan.research.statistics.reasons import Codes

_COLUMNS_AT_ONCE: Final = 512
"""So many symbols' windows stay in the processor's cache, and a session of thousands needs no more memory."""

_EXCURSIONS: Final = ("mfe_bp", "mae_bp", "mfe_minutes", "mae_minutes")


@dataclass(frozen=True, eq=False)
class ForwardReturns:
    """What came of one horizon; all arrays are cells ``(scans, symbols)``.

    Attributes
    ----------
    ret_bp
        The return, basis points; NaN where it is unknown.
    age_minutes
        How old the exit price is where it is no open; NaN elsewhere.
    why
        Why it is unknown, codes of :class:`~symscan.research.statistics.reasons.Why`.
    excursions
        How far the price went before the exit.
    """

    ret_bp: Floats
    age_minutes: Floats
    why: Codes
    excursions: Excursions


def forward_returns(
    bars: DayBars,
    entries: Entries,
    horizons: Sequence[Horizon],
    side: Floats | float = 1.0,
    within_minutes: int = 2,
) -> list[ForwardReturns]:
    """Return what came of each horizon within the session, of each candidate of each scan.

    What a horizon comes to does not depend on which others there are.

    Parameters
    ----------
    bars, entries
        The session's bars, and what was entered in them.
    horizons
        Minutes and the close.
    side
        1 for what gains when the price rises, -1 for the other; a number, or cells.
    within_minutes
        How much later than the horizon's end the bar of the exit may start.
    """
    shape = entries.row.shape
    results = [_empty(shape) for _ in horizons]
    for first in range(0, bars.symbols, _COLUMNS_AT_ONCE):
        at = slice(first, first + _COLUMNS_AT_ONCE)
        part, entered, sides = bars.columns(at), entries.columns(at), _columns(side, at)
        windows = WindowExtremes(part)
        for horizon, result in zip(horizons, results, strict=True):
            ends = exits(part, entered, horizon, within_minutes)
            far = excursions(part, windows, entered, ends, sides)
            result.ret_bp[:, at] = returns_bp(entered.price, ends.price, sides)
            result.age_minutes[:, at] = ends.age_minutes
            result.why[:, at] = ends.why
            for name in _EXCURSIONS:
                getattr(result.excursions, name)[:, at] = getattr(far, name)
    return results


def _empty(shape: tuple[int, ...]) -> ForwardReturns:
    """Make room for the returns of all cells, which are computed some symbols at a time."""
    far = Excursions(*(np.empty(shape) for _ in _EXCURSIONS))
    return ForwardReturns(np.empty(shape), np.empty(shape), np.empty(shape, np.int8), far)


def _columns(side: Floats | float, block: slice) -> Floats | float:
    return side[:, block] if isinstance(side, np.ndarray) else side
