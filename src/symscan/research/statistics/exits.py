"""Exits: at what price each horizon of an entry ends, and what was gained by then.

A horizon within the session ends at an open, as an order would be filled: at the first bar from its end on.
Where a symbol does not trade then, its last price counts, and how old that is is said beside it (``stale``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.errors import InputError
from symscan.model.bar import Floats
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars, Rows32
from symscan.research.statistics.entries import Entries
from symscan.research.statistics.horizons import Horizon, HorizonKind
from symscan.research.statistics.reasons import Codes, OutcomeReason

BASIS_POINTS: Final = 10_000.0


@dataclass(frozen=True, eq=False)
class Exits:
    """Where one horizon of each entry ends; all arrays are cells ``(scans, symbols)``.

    Attributes
    ----------
    row
        The slot of the last bar that belongs to the holding before the exit price: the bar before the exit
        bar, or the one whose close is the exit. -1 where the exit is unknown.
    price
        The exit price, NaN where it is unknown.
    age_minutes
        Where the exit is at a last price instead of an open: how long before the exit that bar ended; else
        NaN.
    why
        Why the exit is unknown, codes of :class:`~symscan.research.statistics.reasons.OutcomeReason`.
    """

    row: Rows32
    price: Floats
    age_minutes: Floats
    why: Codes


def exits(bars: DayBars, entries: Entries, horizon: Horizon, within_minutes: int = 2) -> Exits:
    """Find the exits of a horizon that ends within the session.

    Parameters
    ----------
    bars, entries
        The session's bars, and what was entered in them.
    horizon
        Minutes, or the close.
    within_minutes
        How much later than the horizon's end the bar of the exit may start.

    Raises
    ------
    InputError
        If the horizon reaches into a later session, or ends inside of a bar.
    """
    if horizon.kind is HorizonKind.MINUTES:
        return _after_minutes(bars, entries, horizon, within_minutes)
    if horizon.kind is HorizonKind.CLOSE:
        target = np.where(entries.is_known, np.int32(bars.bars - 1), np.int32(-1))
        return _at_slots(bars, target, entries.why, latest=0)
    raise InputError(f"the horizon {horizon.name} ends in a later session")


def returns_bp(entry_price: Floats, exit_price: Floats) -> Floats:
    """Return what who bought gained, in basis points of the entry price; of any shapes that go together."""
    result: Floats = BASIS_POINTS * (exit_price / entry_price - 1.0)
    return result


def _after_minutes(bars: DayBars, entries: Entries, horizon: Horizon, within_minutes: int) -> Exits:
    """Exit so many minutes after the entry bar's start; at the close it is the horizon ``close``."""
    slots, rest = divmod(horizon.minutes * MINUTE, bars.interval)
    if rest:
        minutes = bars.interval // MINUTE
        raise InputError(
            f"the horizon {horizon.name} ends inside a bar; give a multiple of {minutes} minutes"
        )
    target = np.where(entries.is_known, entries.row + np.int32(slots), np.int32(-1))
    beyond = entries.start + horizon.minutes * MINUTE > bars.closes_at
    target[beyond] = -1
    why = np.where(beyond, np.int8(OutcomeReason.SESSION_END), entries.why)
    last = np.int32(bars.bars - 1)
    return _at_slots(bars, np.minimum(target, last), why, within_minutes * MINUTE // bars.interval)


def _at_slots(bars: DayBars, target: Rows32, why: Codes, latest: int) -> Exits:
    """Exit at the first open from slot ``target`` to ``latest`` slots on, else at the last close before."""
    known = target >= 0
    at = np.maximum(target, 0)
    opened = np.take_along_axis(bars.next_row, at, axis=0)
    row = np.where(known, opened - np.int32(1), np.int32(-1))
    price = np.take_along_axis(bars.open, np.minimum(opened, np.int32(bars.bars - 1)), axis=0)
    price[~known] = np.nan
    age = np.full(target.shape, np.nan)
    cells = (known & ((opened - at > latest) | (opened >= bars.bars))).nonzero()
    slot, column = at[cells] - 1, cells[1]
    before = bars.previous_row[slot, column]
    row[cells], price[cells] = before, bars.close[before, column]
    age[cells] = (slot - before) * (bars.interval / MINUTE)
    return Exits(row, price, age, why)
