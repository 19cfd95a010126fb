"""Make a bar store in which nobody can have an edge of one with real bars: ``symscan data placebo``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError
from symscan.model.bar import CLOSE, FIELDS, HIGH, LOW, OPEN, VOLUME, Floats, Rows
from symscan.model.instant import MINUTE
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.research.statistics.placebo import PlaceboPrices, placebo_bars, random_signs
from symscan.research.statistics.session_ends import BASIS_JUMP
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import BarStore

_DAY_MINUTES: Final = 24 * 60
_MINUTES, _DAYS = 0, 1
"""What signs are drawn for; each has its own."""


@dataclass(frozen=True, slots=True)
class PlaceboReport:
    """What was made.

    Attributes
    ----------
    minute_sessions, daily_sessions, symbols
        How many sessions have bars within them, how many have daily bars, and of how many symbols.
    left_out
        Intervals that are stored of the real market and derived in the placebo one.
    """

    minute_sessions: int
    daily_sessions: int
    symbols: int
    left_out: tuple[Interval, ...]


def make_placebo_store(
    source: BarStore, target: BarStore, calendar: SessionCalendar, seed: int, progress: Progress = silent
) -> PlaceboReport:
    """Make a placebo of a whole store: minutes and daily bars; equal seeds give equal bytes.

    Of each session the finest interval is made, coarser ones are left to be derived; daily bars follow from
    the regular bars, with a sign of their own where there are none. Prices stay on one basis, without splits.

    Parameters
    ----------
    source
        The real market.
    target
        A new store, without bars.
    calendar
        Which bars are of regular hours.
    seed
        Another seed is another market.
    progress
        Called with how many sessions are done, and of how many.

    Raises
    ------
    DataError
        If the new store has bars already, or the real market has none.
    """
    if target.generation:
        raise DataError(f"{target.root}: there is a store already; give another folder with --out")
    days = sorted(set(chain.from_iterable(source.sessions(one) for one in source.intervals())))
    if not days:
        raise DataError(f"{source.root}: the store has no bars to make a placebo of")
    maker = _PlaceboMaker(source, seed)
    with target.updating() as update:
        update.set_origin(f"placebo:{seed}")
        for index, day in enumerate(days):
            for interval, bars in maker.session(calendar.session(day)):
                update.put(interval, day, bars)
            progress("placebo", index + 1, len(days))
    left_out = [one for one in source.intervals() if one not in target.intervals()]
    minutes = sum(source.finest(day) is not None for day in days)
    daily = len(target.sessions(ONE_DAY))
    return PlaceboReport(minutes, daily, len(source.symbols()), tuple(left_out))


class _PlaceboMaker:
    """Makes session after session, oldest first; prices go on from one to the next."""

    def __init__(self, source: BarStore, seed: int) -> None:
        self._source = source
        self._seed = seed
        self._symbols = sorted(source.symbols())
        self._last = PlaceboPrices.unknown(len(self._symbols))
        self._before = date.min
        self._had_minutes = np.zeros(len(self._symbols), np.bool_)

    def session(self, session: Session) -> list[tuple[Interval, pl.DataFrame]]:
        """Return the placebo bars of a session, by interval."""
        day, source = session.date, self._source
        self._apply_splits(day)
        result: list[tuple[Interval, pl.DataFrame]] = []
        daily = source.load(ONE_DAY, [day])
        rebuilt = np.full((len(FIELDS), len(self._symbols)), np.nan)
        interval = source.finest(day)
        if interval is not None:
            made, rebuilt = self._minutes(session, interval)
            result.append((interval, made))
        if daily.height:
            result.append((ONE_DAY, self._days(day, daily, rebuilt)))
        return result

    def _apply_splits(self, day: date) -> None:
        """Put the last real closes on the basis of a session."""
        found = self._source.splits().filter(pl.col("ex_date") > self._before, pl.col("ex_date") <= day)
        ratios = np.ones(len(self._symbols))
        known = found.filter(pl.col("symbol").is_in(self._symbols))
        np.multiply.at(ratios, self._rows(known), known["ratio"].to_numpy())
        self._last, self._before = self._last.after_splits(ratios), day

    def _minutes(self, session: Session, interval: Interval) -> tuple[pl.DataFrame, Floats]:
        """Return the bars within a session, and the daily bars that its regular ones come to, by symbol."""
        frame = self._source.load(interval, [session.date])
        rows = self._rows(frame)
        starts = frame["start"].to_physical().to_numpy()
        slots, slot = np.unique(starts, return_inverse=True)
        present = np.unique(rows)
        column = np.searchsorted(present, rows)
        fields = np.full((len(FIELDS), len(slots), len(present)), np.nan)
        fields[:, slot, column] = _fields(frame)
        signs = self._signs(session.date, _MINUTES, _DAY_MINUTES)[(slots // MINUTE) % _DAY_MINUTES]
        made = self._made(fields, signs, present, has_minutes=True)
        regular = (slots >= session.open) & (slots < session.close)
        daily = np.full((len(FIELDS), len(self._symbols)), np.nan)
        daily[:, present] = _daily(made[:, regular])
        return _with_fields(frame, made[:, slot, column]), daily

    def _days(self, day: date, frame: pl.DataFrame, rebuilt: Floats) -> pl.DataFrame:
        """Return the daily bars: those of the minutes where there are any, with the volume they had."""
        rows, fields = self._rows(frame), _fields(frame)
        result = rebuilt[:, rows]
        alone = np.flatnonzero(np.isnan(result[CLOSE]))
        if len(alone):
            signs = self._signs(day, _DAYS, 1)
            result[:, alone] = self._made(fields[:, None, alone], signs, rows[alone], has_minutes=False)[:, 0]
        result[VOLUME] = fields[VOLUME]
        return _with_fields(frame, result)

    def _made(self, fields: Floats, signs: Floats, rows: Rows, *, has_minutes: bool) -> Floats:
        """Return placebo bars of some symbols, and keep their last closes.

        Where a symbol's minutes begin after daily bars, or end, a jump means another basis and no move.
        """
        real, first = self._last.real[rows], _first(fields[OPEN])
        with np.errstate(invalid="ignore"):
            jumps = np.abs(first / real - 1.0) > BASIS_JUMP
        real = np.where(jumps & (self._had_minutes[rows] != has_minutes), np.nan, real)
        made, last = placebo_bars(fields, signs, PlaceboPrices(real, self._last.placebo[rows]))
        self._last.real[rows], self._last.placebo[rows] = last.real, last.placebo
        self._had_minutes[rows] = has_minutes
        return made

    def _signs(self, day: date, of: int, count: int) -> Floats:
        return random_signs(count, self._seed, day.toordinal(), of)

    def _rows(self, frame: pl.DataFrame) -> Rows:
        return np.searchsorted(self._symbols, frame["symbol"].to_list())


def _fields(frame: pl.DataFrame) -> Floats:
    return frame.select(FIELDS).to_numpy().T


def _with_fields(frame: pl.DataFrame, fields: Floats) -> pl.DataFrame:
    """Return a frame with other prices and volumes."""
    return frame.with_columns(pl.Series(name, values) for name, values in zip(FIELDS, fields, strict=True))


def _first(opens: Floats) -> Floats:
    """Return each column's first known open."""
    known = ~np.isnan(opens)
    result: Floats = opens[known.argmax(axis=0), np.arange(opens.shape[1])]
    return result


def _daily(fields: Floats) -> Floats:
    """Return the daily bar of each column of regular bars, NaN without any."""
    result = np.full((len(FIELDS), fields.shape[2]), np.nan)
    traded = ~np.isnan(fields[CLOSE]).all(axis=0) if fields.shape[1] else np.zeros(fields.shape[2], np.bool_)
    bars = fields[:, :, traded]
    result[OPEN, traded] = _first(bars[OPEN])
    result[HIGH, traded] = np.nanmax(bars[HIGH], axis=0, initial=-np.inf)
    result[LOW, traded] = np.nanmin(bars[LOW], axis=0, initial=np.inf)
    result[CLOSE, traded] = _first(bars[CLOSE][::-1])
    result[VOLUME, traded] = np.nansum(bars[VOLUME], axis=0)
    return result
