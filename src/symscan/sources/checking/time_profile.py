"""Profile of the times of sessions' bars, by slot of the interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.instant import MINUTE
from symscan.model.interval import Interval
from symscan.model.session import Session

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

_DAY_MINUTES: Final = 24 * 60
_AROUND: Final = 3
"""How many slots before and after the open are compared."""
_JUMP: Final = 3.0
"""How many times the volume of each slot before it the first regular one has at least."""


@dataclass(frozen=True, slots=True, eq=False)
class TimeProfile:
    """Counts and volumes by slot, summed over sessions of one length.

    Attributes
    ----------
    minutes
        The interval's length.
    slots
        Bars of a regular session.
    members
        How many pairs of a symbol and a session have bars.
    counts
        How many bars start in each slot, from a day before the open to a day after.
    flat
        How many of them have one price only.
    at_night
        How many bars start before the pre-market or after the post-market.
    volume
        Their volume, where that of each symbol and session adds up to 1.
    jumps
        Of the symbols with pre-market bars: for how many the volume jumps up one slot before the open, at
        the open, and one slot after it.
    """

    minutes: int
    slots: int
    members: int
    counts: Counts
    flat: Counts
    at_night: int
    volume: Shares
    jumps: Counts

    @property
    def at_open(self) -> int:
        """The index of the slot that starts at the open."""
        return _DAY_MINUTES // self.minutes

    def plus(self, other: TimeProfile) -> TimeProfile:
        """Return the sum of both profiles."""
        return TimeProfile(
            self.minutes,
            self.slots,
            self.members + other.members,
            self.counts + other.counts,
            self.flat + other.flat,
            self.at_night + other.at_night,
            self.volume + other.volume,
            self.jumps + other.jumps,
        )


def time_profile(
    bars: pl.DataFrame, interval: Interval, session: Session, is_before: pl.Series | None = None
) -> TimeProfile:
    """Compute the profile of one session's bars.

    Parameters
    ----------
    bars
        ``symbol``, ``start``, ``high``, ``low``, ``volume``.
    is_before
        Which of them are labelled as the last bar before the open, although they start at it.
    """
    step, width = interval.minutes, 2 * _DAY_MINUTES // interval.minutes
    slot = (bars["start"].cast(pl.Int64).to_numpy() - session.open) // (step * MINUTE)
    if is_before is not None:
        slot = np.where(is_before.to_numpy(), -1, slot)
    instant = slot * step * MINUTE + session.open
    at_night = (instant < session.pre_open) | (instant >= session.post_close)
    place = slot + width // 2
    inside = (place >= 0) & (place < width)
    symbol = _numbered(bars["symbol"].cast(pl.Categorical).to_physical().to_numpy())
    volume: Shares = bars["volume"].cast(pl.Float64).to_numpy()  # unknown is NaN here, also null
    volume = np.where(np.isnan(volume), 0.0, volume)
    of_symbol = np.bincount(symbol, volume)
    share = volume / np.maximum(of_symbol, 1.0)[symbol]
    is_flat = inside & (bars["high"] == bars["low"]).to_numpy().astype(np.bool_)  # null is False
    return TimeProfile(
        minutes=step,
        slots=-(-session.minutes // step),
        members=len(of_symbol),
        counts=np.bincount(place[inside], minlength=width),
        flat=np.bincount(place[is_flat], minlength=width),
        at_night=int(at_night.sum()),
        volume=np.bincount(place[inside], share[inside], minlength=width).astype(np.float64),
        jumps=_jumps(symbol, slot, volume, len(of_symbol)),
    )


def _numbered(codes: NDArray[np.uint32]) -> Counts:
    """Number codes from 0 without a gap, in their order; sorting bars by code would be slow."""
    is_used = np.bincount(codes) > 0
    numbers: Counts = (np.cumsum(is_used) - 1)[codes]
    return numbers


def _jumps(symbol: Counts, slot: Counts, volume: Shares, symbols: int) -> Counts:
    """Count symbols with pre-market bars by the slot around the open in which their volume jumps up."""
    near = np.abs(slot) <= _AROUND
    width = 2 * _AROUND + 1
    cells = symbol[near] * width + slot[near] + _AROUND
    around = np.bincount(cells, volume[near], minlength=symbols * width).reshape(symbols, width)
    is_open = (around[:, : _AROUND - 1] > 0.0).any(axis=1)
    found = []
    for place in range(_AROUND - 1, _AROUND + 2):
        jumps = is_open & (around[:, place] >= _JUMP * around[:, :place].max(axis=1))
        found.append(int(jumps.sum()))
        is_open &= ~jumps
    return np.array(found, np.int64)
