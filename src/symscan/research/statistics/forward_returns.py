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
    blocks = [slice(first, first + _COLUMNS_AT_ONCE) for first in range(0, bars.symbols, _COLUMNS_AT_ONCE)]
    parts = [
        _returns_of(
            bars.columns(block), entries.columns(block), horizons, _columns(side, block), within_minutes
        )
        for block in blocks
    ]
    return [_joined([part[index] for part in parts]) for index in range(len(horizons))]


def _returns_of(
    bars: DayBars, entries: Entries, horizons: Sequence[Horizon], side: Floats | float, within_minutes: int
) -> list[ForwardReturns]:
    windows, results = WindowExtremes(bars), []
    for horizon in horizons:
        ends = exits(bars, entries, horizon, within_minutes)
        ret = returns_bp(entries.price, ends.price, side)
        far = excursions(bars, windows, entries, ends, side)
        results.append(ForwardReturns(ret, ends.age_minutes, ends.why, far))
    return results


def _columns(side: Floats | float, block: slice) -> Floats | float:
    return side[:, block] if isinstance(side, np.ndarray) else side


def _joined(parts: Sequence[ForwardReturns]) -> ForwardReturns:
    if len(parts) == 1:
        return parts[0]
    far = [part.excursions for part in parts]
    return ForwardReturns(
        np.hstack([part.ret_bp for part in parts]),
        np.hstack([part.age_minutes for part in parts]),
        np.hstack([part.why for part in parts]),
        Excursions(
            np.hstack([one.mfe_bp for one in far]),
            np.hstack([one.mae_bp for one in far]),
            np.hstack([one.mfe_minutes for one in far]),
            np.hstack([one.mae_minutes for one in far]),
        ),
    )
