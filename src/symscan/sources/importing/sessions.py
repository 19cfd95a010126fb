"""Assign each imported row its session and the start of its bar."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from symscan.model.instant import MINUTE
from symscan.model.session import Session
from symscan.sources.importing.files import LINE, BarTable
from symscan.sources.importing.options import ImportOptions, Label, OpeningPrint, Outside
from symscan.sources.importing.refused_rows import RefusedRows
from symscan.sources.importing.session_assignment import Instants, SessionTable
from symscan.sources.importing.timestamps import WHEN
from symscan.sources.ports import Calendar

PRINT: Final = "is_print"
"""The column that marks end-labelled rows labelled at the open: the opening print."""

_NAMED_ROWS: Final = 5
_YEARS: Final = range(1900, 2200)


class SessionAssigner:
    """Assigns the rows of one import to sessions.

    Parameters
    ----------
    options
        The meaning of the timestamps.
    calendar
        The exchange's sessions.
    """

    def __init__(self, options: ImportOptions, calendar: Calendar) -> None:
        self._options = options
        self._calendar = calendar
        self._has_prints = options.label is Label.END and options.opening_print is not OpeningPrint.KEEP
        self._sessions_of: dict[int, list[Session]] = {}

    def assign(self, table: BarTable, rows: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
        """Replace ``when`` by ``session``, and for intraday rows by ``start`` (int) and ``is_print``.

        Raises
        ------
        RefusedRows
            If a row lies on a day without a session and is not to be dropped, or off the grid.
        """
        if rows.is_empty():
            return rows.clear()
        if not self._options.interval.is_intraday:
            sessions = self._sessions_around(rows[WHEN])
            assigned = rows.with_columns(sessions.dates_of(sessions.by_date(rows[WHEN])))
            return self._without_outside(table, assigned, counts).drop(WHEN)
        assigned = self._without_outside(table, self._with_session(rows), counts)
        counts["outside_hours"] += int(assigned["is_outside"].sum())
        return self._check_grid(table, assigned).drop(WHEN, "at_open", "at_close", "is_outside")

    def _with_session(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the session whose hours contain a row, else that of its date; null if there is none."""
        sessions = self._sessions_around(rows[WHEN].dt.date())
        label = rows[WHEN].to_physical().to_numpy()
        step = self._options.interval.minutes * MINUTE
        start = label - step if self._options.label is Label.END else label
        index = sessions.by_hours(start)
        inside = index >= 0
        index = np.where(inside, index, sessions.by_local_date(start))
        known = index >= 0
        at_open, at_close = sessions.opens[index], sessions.closes[index]
        if self._options.label is Label.END:
            start = np.where(known & (label == at_close), _last_start(at_open, at_close, step), start)
        is_print = known & (label == at_open) & self._has_prints
        return rows.with_columns(
            sessions.dates_of(index),
            pl.Series("start", np.where(is_print, at_open, start)),
            pl.Series(PRINT, is_print),
            pl.Series("at_open", at_open),
            pl.Series("at_close", at_close),
            pl.Series("is_outside", known & ~inside & ~is_print),
        )

    def _without_outside(self, table: BarTable, rows: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
        outside = rows.filter(pl.col("session").is_null())
        if outside.is_empty():
            return rows
        if self._options.outside is Outside.STOP:
            raise _refused_rows(table, outside, "outside any session", "mend it, or give --outside drop")
        counts["outside"] += outside.height
        return rows.filter(pl.col("session").is_not_null())

    def _check_grid(self, table: BarTable, rows: pl.DataFrame) -> pl.DataFrame:
        step = self._options.interval.minutes * MINUTE
        off = rows.filter((pl.col("start") - pl.col("at_open")) % step != 0)
        if off.is_empty():
            return rows
        what = f"off the grid of {self._options.interval} bars, which begins at the session's open"
        raise _refused_rows(table, off, what)

    def _sessions_around(self, days: pl.Series) -> SessionTable:
        """Return the sessions of every year of the days, and of the days before and after them."""
        near = pl.concat([days.unique().dt.offset_by("-1d"), days.unique().dt.offset_by("1d")])
        found: list[Session] = []
        for year in near.dt.year().unique().sort().to_list():
            if year in _YEARS and year not in self._sessions_of:
                self._sessions_of[year] = self._calendar.sessions(date(year, 1, 1), date(year, 12, 31))
            found += self._sessions_of.get(year, [])
        return SessionTable(found, self._calendar.zone)


def _last_start(opened: Instants, closed: Instants, step: int) -> Instants:
    """Return the start of a session's last bar, which may be shorter than the interval."""
    return opened + (closed - opened - 1) // step * step


def _refused_rows(table: BarTable, rows: pl.DataFrame, what: str, remedy: str = "") -> RefusedRows:
    named = [
        f"{table.row_name(line)}: {symbol} at {when}"
        for line, symbol, when in rows.head(_NAMED_ROWS).select(LINE, "symbol", WHEN).iter_rows()
    ]
    return RefusedRows(what, rows.height, remedy, named)
