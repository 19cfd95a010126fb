"""What each session says of holdings that last beyond their own: its first and last prices, its extremes.

A session is summed up by a few numbers per symbol, so that sessions stay tasks of their own and whoever
joins them needs no bars. A stack of these has the shape ``(sessions, symbols)``, consecutive sessions,
oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import BASIS_TOLERANCE, Floats, Mask
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.exits import returns_bp
from symscan.research.statistics.reasons import Codes, OutcomeReason

NEXT_OPEN_MINUTES: Final = 30
"""How long after the open the first bar may start whose open counts as the next session's open."""

BASIS_JUMP: Final = 0.40
"""A jump overnight of more than this, after known splits, is taken for one that is not known."""


@dataclass(frozen=True, eq=False)
class SessionEnds:
    """One session, ``(symbols,)``, or a stack of them, ``(sessions, symbols)``; NaN without a bar.

    Attributes
    ----------
    first
        The open of the first bar.
    next_open
        The same, where that bar starts within half an hour of the open.
    exit
        The open of the last slot; without a bar there the last close, as the horizon ``close`` has it.
    exit_age
        How old that close is in minutes, NaN where the exit is an open.
    last
        The close of the last bar.
    high, low
        Of the whole session.
    high_before_exit, low_before_exit
        Of what lies before the exit, its price included.
    first_minute, first_volume
        How many minutes after the open the first bar starts, and its volume; of a whole day
        0 and NaN.
    daily_close
        The close of the stored daily bar, which later exits are held against; NaN without one.
    """

    first: Floats
    next_open: Floats
    exit: Floats
    exit_age: Floats
    last: Floats
    high: Floats
    low: Floats
    high_before_exit: Floats
    low_before_exit: Floats
    first_minute: Floats
    first_volume: Floats
    daily_close: Floats

    @classmethod
    def of_minutes(cls, bars: DayBars, daily_close: Floats | None = None) -> SessionEnds:
        """Sum up a session's bars; those without a daily close are held against none."""
        columns, last_slot = np.arange(bars.symbols), bars.bars - 1
        first_row, last_row = bars.next_row[0], bars.previous_row[-1]
        traded = last_row >= 0
        first, volume = (
            np.where(traded, field[np.minimum(first_row, last_slot), columns], np.nan)
            for field in (bars.open, bars.volume)
        )
        last = np.where(traded, bars.close[last_row, columns], np.nan)
        at_open = traded & (last_row == last_slot)
        exit_price = np.where(at_open, bars.open[-1], last)
        age = np.where(traded & ~at_open, (last_slot - 1 - last_row) * (bars.interval / MINUTE), np.nan)
        minute = np.where(traded, first_row * (bars.interval / MINUTE), np.nan)
        high_before, low_before = _extremes(bars.high[:-1], bars.low[:-1])
        high, low = _extremes(bars.high, bars.low)
        return cls(
            first,
            np.where(minute <= NEXT_OPEN_MINUTES, first, np.nan),
            exit_price,
            age,
            last,
            high,
            low,
            np.fmax(high_before, exit_price),
            np.fmin(low_before, exit_price),
            minute,
            volume,
            np.full(bars.symbols, np.nan) if daily_close is None else daily_close,
        )

    @classmethod
    def of_days(cls, open_: Floats, high: Floats, low: Floats, close: Floats) -> SessionEnds:
        """Make the ends of daily bars: in at an open, out at a close."""
        unknown, at_open = np.full(open_.shape, np.nan), np.where(np.isnan(open_), np.nan, 0.0)
        of_day = (high, low, high, low)
        return cls(open_, open_, close, unknown, close, *of_day, at_open, unknown, unknown)

    @classmethod
    def stack(cls, sessions: Sequence[SessionEnds]) -> SessionEnds:
        """Put consecutive sessions of the same symbols one below the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.stack([getattr(one, name) for one in sessions]) for name in names))

    @property
    def traded(self) -> Mask:
        """Where a symbol has a bar."""
        return ~np.isnan(self.first)


@dataclass(frozen=True, eq=False)
class LaterExits:
    """Where horizons of later sessions end, by the session of the hit: ``(sessions, symbols)``.

    Prices are on the basis of the hit's session: later ones times the splits that lie between.

    Attributes
    ----------
    price
        The exit price, NaN where it is unknown.
    age_sessions
        How many sessions before the exit's session the last price was made; 0 for one of that session.
    high, low
        The highest and lowest price after the hit's session and up to the exit, the exit price included; NaN
        where the exit is unknown.
    why
        Why it is unknown, whatever the entry.
    last_price
        The symbol's last price before or at the exit, also where ``why`` is ``ENDED``: what
        ``ended_return_pct`` is counted from.
    minute, volume
        Of the bar at whose open the exit is: how many minutes after the session's open it starts, and its
        shares, on the hit's basis; NaN for others.
    """

    price: Floats
    age_sessions: NDArray[np.int32]
    high: Floats
    low: Floats
    why: Codes
    last_price: Floats
    minute: Floats
    volume: Floats


def later_exits(ends: SessionEnds, splits: Floats, sessions: int, *, at_open: bool = False) -> LaterExits:
    """Find the exits so many sessions after each.

    Parameters
    ----------
    ends
        Consecutive sessions up to the last that may be read.
    splits
        The ratio of the split with its ex-date at each session, 1 where there is none, ``(sessions,
        symbols)``.
    sessions
        How many sessions later; 0 is the hit's own (of daily bars, where the entry is in it already).
    at_open
        Whether it ends at the open (the horizon ``next_open``) instead of as the horizon ``close`` does.
    """
    count = len(ends.first)
    basis = np.asarray(np.cumprod(splits, axis=0), np.float64)
    source = np.arange(count)
    target = source + sessions
    exists = target < count
    at = np.minimum(target, count - 1)
    ratio = basis[at] / basis
    traded = ends.traded
    seen = np.maximum.accumulate(np.where(traded, source[:, None], -1), axis=0)[at]
    stale = exists[:, None] & ~traded[at] & (seen >= 0)
    own = ends.next_open if at_open else ends.exit
    last_price = _ahead(ends.last * basis, seen) / basis
    price = np.where(stale & (not at_open), last_price, own[at] * ratio)
    why = _reasons(ends, splits, at, exists, price)
    is_other_basis = (why == OutcomeReason.KNOWN) & rebased(ends, seen)
    why = np.where(is_other_basis, np.int8(OutcomeReason.BASIS_MISMATCH), why)
    price = np.asarray(np.where(why == OutcomeReason.KNOWN, price, np.nan), np.float64)
    high, low = _ranges(ends, basis, sessions, price, at_open=at_open)
    age = np.where(stale, at[:, None] - seen, 0).astype(np.int32)
    last_price = np.where(exists[:, None], last_price, np.nan)
    is_open = at_open & (why == OutcomeReason.KNOWN)
    minute = np.where(is_open, ends.first_minute[at], np.nan)
    volume = np.where(is_open, ends.first_volume[at] / ratio, np.nan)
    return LaterExits(price, age, high, low, why, last_price, minute, volume)


def basis_breaks(ends: SessionEnds, splits: Floats) -> Mask:
    """Return where a session begins so far from the last close that a split must be missing."""
    index = np.arange(len(ends.first))[:, None]
    seen = np.maximum.accumulate(np.where(ends.traded, index, -1), axis=0)
    before = np.vstack([np.full((1, seen.shape[1]), -1), seen[:-1]])
    basis = np.cumprod(splits, axis=0)
    previous = _ahead(ends.last * basis, before) / basis
    with np.errstate(invalid="ignore"):
        result: Mask = np.abs(ends.first / previous - 1.0) > BASIS_JUMP
    return result


def rebased(ends: SessionEnds, seen: NDArray[np.intp]) -> Mask:
    """Return where intraday and daily closes were another distance apart at the exit than at the entry.

    Each kind of bars may be on a basis of its own: a constant ratio of the two changes no return. One that
    moves by more than 3% says that a split is in one of them alone, and not in which.

    Parameters
    ----------
    seen
        The session that the exit price of each is of, ``(sessions, symbols)``; -1 where there is none.
    """
    ratio = ends.last / ends.daily_close
    result: Mask = np.abs(_ahead(ratio, seen) / ratio - 1.0) > BASIS_TOLERANCE
    return result


def later_excursions(
    entry_price: Floats, high: Floats, low: Floats, later_high: Floats, later_low: Floats
) -> tuple[Floats, Floats]:
    """Return the best and the worst excursion of holdings that end in a later session, of one shape each.

    Parameters
    ----------
    entry_price, high, low
        Of the entries of one session, and of what follows them in it
        (:meth:`symscan.research.statistics.excursions.HitCells.rest_of_session`).
    later_high, later_low
        Of what follows it up to the exit: those of :class:`LaterExits`.

    Returns
    -------
    mfe_bp, mae_bp
        Basis points of the entry price, ``mfe_bp >= 0 >= mae_bp``; NaN where the exit is unknown.
    """
    best, worst = np.maximum(high, later_high), np.minimum(low, later_low)
    return returns_bp(entry_price, best), returns_bp(entry_price, worst)


def _reasons(ends: SessionEnds, splits: Floats, at: NDArray[np.intp], exists: Mask, price: Floats) -> Codes:
    """Return why exits are unknown: the store ends, the symbol does, no open in time, or another basis."""
    traded = ends.traded
    trades_on = np.maximum.accumulate(traded[::-1], axis=0)[::-1][at]
    breaks = np.cumsum(basis_breaks(ends, splits), axis=0)
    is_broken = breaks[at] > breaks
    why = np.where(is_broken, OutcomeReason.BASIS_MISMATCH, OutcomeReason.KNOWN)
    why = np.where(np.isnan(price), OutcomeReason.NO_NEXT_OPEN, why)
    why = np.where(~trades_on, OutcomeReason.ENDED, why)
    return np.where(exists[:, None], why, OutcomeReason.NOT_YET).astype(np.int8)


def _ranges(
    ends: SessionEnds, basis: Floats, sessions: int, price: Floats, *, at_open: bool
) -> tuple[Floats, Floats]:
    """Return the highest and lowest prices between the hit's session and the exit."""
    high, low = price.copy(), price.copy()
    count = len(price)
    for later in range(1, sessions + 1):
        if at_open or later >= count:
            break
        is_last = later == sessions
        top = ends.high_before_exit if is_last else ends.high
        bottom = ends.low_before_exit if is_last else ends.low
        ratio = basis[later:] / basis[:-later]
        high[:-later] = np.fmax(high[:-later], top[later:] * ratio)
        low[:-later] = np.fmin(low[:-later], bottom[later:] * ratio)
    unknown = np.isnan(price)
    high[unknown], low[unknown] = np.nan, np.nan
    return high, low


def _ahead(values: Floats, index: NDArray[np.intp]) -> Floats:
    """Return each column's values at an index of sessions, NaN where that is -1."""
    result = np.take_along_axis(values, np.maximum(index, 0), axis=0)
    return np.where(index >= 0, result, np.nan)


def _extremes(high: Floats, low: Floats) -> tuple[Floats, Floats]:
    """Return the highest and lowest of each column, NaN for one without a bar."""
    absent = np.isnan(high).all(axis=0)
    top = np.where(np.isnan(high), -np.inf, high).max(axis=0, initial=-np.inf)
    bottom = np.where(np.isnan(low), np.inf, low).min(axis=0, initial=np.inf)
    return np.where(absent, np.nan, top), np.where(absent, np.nan, bottom)
