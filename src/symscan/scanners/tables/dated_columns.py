"""Columns of dated tables over one list of symbols, as they were known at an instant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Floats, Mask, Rows
from symscan.model.instant import Instant, to_datetime
from symscan.model.universes.renames import Renames
from symscan.scanners.tables.dated_table import DatedTable

_DAYS_TO: Final = re.compile(r"days_to\((?P<name>\w+)\)")
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MOST_DAYS: Final = 3660
"""Sessions are counted over so many days: ``9999-12-31`` is no date that anybody knows."""


def days_to_column(name: str) -> str:
    """Return the one name of the column of sessions until a column of dates."""
    return f"days_to({name})"


def days_to_name(column: str) -> str | None:
    """Return the column of dates in ``days_to(earnings_date)``, None for any other name."""
    match = _DAYS_TO.fullmatch(column)
    return None if match is None else match["name"]


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """How the values of a column are kept as numbers.

    Attributes
    ----------
    dtype
        What they are: numbers, dates (days since 1970) or texts (places in ``texts``).
    texts
        The texts there are.
    """

    dtype: pl.DataType
    texts: pl.Series | None = None

    @staticmethod
    def of(values: pl.Series) -> Coding:
        """Return the coding of a column."""
        texts = values.unique().drop_nulls().sort() if values.dtype == pl.String else None
        return Coding(values.dtype, texts)

    def encode(self, values: pl.Series) -> Floats:
        """Return values as numbers, NaN where unknown."""
        coded = values.to_physical()
        if self.texts is not None:
            codes = pl.DataFrame({"text": self.texts, "code": np.arange(len(self.texts))})
            coded = values.to_frame("text").join(codes, on="text", how="left", maintain_order="left")["code"]
        numbers: Floats = coded.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return numbers

    def labelled(self, numbers: Floats) -> tuple[Floats, tuple[str, ...] | None]:
        """Return numbers with the texts that they are the places of; None where they are numbers."""
        if self.texts is not None:
            return numbers, tuple(self.texts)
        if self.dtype != pl.Date:
            return numbers, None
        days = np.unique(numbers[~np.isnan(numbers)])
        texts = self.decode("day", days).dt.strftime("%Y-%m-%d")
        return np.where(np.isnan(numbers), np.nan, np.searchsorted(days, numbers)), tuple(texts)

    def decode(self, name: str, numbers: Floats) -> pl.Series:
        """Return numbers as values, null where unknown."""
        series = pl.Series(name, numbers, pl.Float64, nan_to_null=True)
        if self.texts is not None:
            return self.texts.gather(series.cast(pl.Int64)).alias(name)
        return series.cast(pl.Int32).cast(pl.Date) if self.dtype == pl.Date else series


class CompanyNames:
    """One name for each company, whatever it is called when: rows follow changes of ticker.

    Parameters
    ----------
    renames
        The changes.
    day
        The date on which symbols are asked for.
    """

    def __init__(self, renames: Renames, day: date) -> None:
        self._renames = renames
        self._day = day

    def of_symbols(self, symbols: Sequence[str]) -> list[str]:
        """Return the names of the companies that symbols are on the date."""
        affected = self._renames.symbols
        return [self._renames.last(one, self._day) if one in affected else one for one in symbols]

    def of_rows(self, table: DatedTable) -> list[str] | None:
        """Return the names of the companies of a table's rows; None where none has changed its ticker."""
        affected = self._renames.symbols
        if affected.isdisjoint(table.places):
            return None
        names = table.frame["symbol"].to_list()
        for row, symbol in enumerate(names):
            if symbol in affected:
                names[row] = self._renames.last(symbol, to_datetime(int(table.known_at[row])).date())
        return names


class DatedColumns:
    """The columns of dated tables over some symbols.

    A column is read again only when rows have become known since: one look-up of all symbols.

    Parameters
    ----------
    tables
        The tables; no two have a column of the same name.
    symbols
        Whose rows are joined.
    calendar
        The exchange's sessions, which ``days_to`` counts.
    company
        Names companies that have changed their tickers; None: none has.
    """

    def __init__(
        self,
        tables: Sequence[DatedTable],
        symbols: Sequence[str],
        calendar: SessionCalendar,
        company: CompanyNames | None = None,
    ) -> None:
        self._joined = [_JoinedTable(table, symbols, company) for table in tables]
        self._table_of = {name: one for one in self._joined for name in one.table.names}
        self._calendar = calendar
        self._days: dict[str, tuple[tuple[int, date], Floats]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The columns there are."""
        return tuple(self._table_of)

    def has(self, column: str) -> bool:
        """Whether there is a column, or it counts the sessions until one of dates."""
        return (days_to_name(column) or column) in self._table_of

    def coding(self, column: str) -> Coding:
        """Return how a column's values are kept as numbers; a count is a number itself."""
        if days_to_name(column) is not None:
            return Coding(pl.Float64())
        return self._table_of[column].codings[column]

    def codings(self, columns: Iterable[str]) -> dict[str, Coding]:
        """Return the codings of columns by name."""
        return {name: self.coding(name) for name in columns}

    def values(self, column: str, at: Instant) -> Floats:
        """Return a column as known at an instant, as numbers, NaN where unknown, shape ``(symbols,)``."""
        name = days_to_name(column)
        if name is None:
            return self._table_of[column].values(column, at)
        return self._days_to(name, at)

    def series(self, column: str, at: Instant) -> pl.Series:
        """Return a column as known at an instant, null where unknown."""
        return self.coding(column).decode(column, self.values(column, at))

    def without_row(self, columns: Iterable[str], at: Instant) -> Mask | None:
        """Return for whom a table of these columns has no row yet, shape ``(symbols,)``; None of none."""
        read = {id(one): one for name in columns if (one := self._table_of.get(days_to_name(name) or name))}
        return np.logical_or.reduce([one.rows(at) < 0 for one in read.values()]) if read else None

    def _days_to(self, name: str, at: Instant) -> Floats:
        today = to_datetime(at).astimezone(self._calendar.zone).date()
        key = (self._table_of[name].table.count_at(at), today)
        kept = self._days.get(name)
        if kept is None or kept[0] != key:
            kept = self._days[name] = (key, sessions_until(self.values(name, at), today, self._calendar))
        return kept[1]


class _JoinedTable:
    """One table over the symbols."""

    def __init__(self, table: DatedTable, symbols: Sequence[str], company: CompanyNames | None) -> None:
        self.table = table
        places, self._codes = table.places, table.codes
        names = None if company is None else company.of_rows(table)
        if company is not None and names is not None:
            symbols = company.of_symbols(symbols)
            places = {name: place for place, name in enumerate(dict.fromkeys(names))}
            self._codes = np.array([places[name] for name in names], np.intp)
        self.codings = {name: Coding.of(table.frame[name]) for name in table.names}
        self._place = np.array([places.get(symbol, -1) for symbol in symbols], np.intp)
        self._count = 0
        self._last = np.full(len(places) + 1, -1, np.intp)  # its last item is of who has no rows
        self._rows: Rows = np.full(len(symbols), -1, np.intp)
        self._encoded: dict[str, Floats] = {}
        self._values: dict[str, Floats] = {}

    def rows(self, at: Instant) -> Rows:
        """Return the last row known of each symbol, -1 without one."""
        count = self.table.count_at(at)
        if count < self._count:
            self._count, self._last[:] = 0, -1
        if count != self._count:
            new = slice(self._count, count)
            self._last[self._codes[new]] = np.arange(self._count, count)  # of one symbol the last counts
            self._count, self._rows, self._values = count, self._last[self._place], {}
        return self._rows

    def values(self, name: str, at: Instant) -> Floats:
        """Return a column as known at an instant."""
        rows = self.rows(at)
        found = self._values.get(name)
        if found is None:
            all_values = self._encoded.get(name)
            if all_values is None:
                encoded = self.codings[name].encode(self.table.frame[name])
                all_values = self._encoded[name] = np.append(encoded, np.nan)  # row -1 is unknown
            found = self._values[name] = all_values[rows]
            found.flags.writeable = False
        return found


def sessions_until(days: Floats, today: date, calendar: SessionCalendar) -> Floats:
    """Return how many sessions it is until dates: 0 today, 1 the next session, -1 the last one.

    A date without a session counts as the next session after it; one ten years away is unknown.

    Parameters
    ----------
    days
        Dates as days since 1970, NaN where unknown.
    """
    now = today.toordinal() - _EPOCH
    known = np.abs(days - now) <= _MOST_DAYS
    found = np.full(days.shape, np.nan)
    if known.any():
        ends = (days[known].min(), days[known].max())
        years = [date.fromordinal(int(end) + _EPOCH).year for end in ends] + [today.year]
        dates = np.concatenate([_days_of(calendar, year) for year in range(min(years), max(years) + 2)])
        found[known] = np.searchsorted(dates, days[known]) - np.searchsorted(dates, now)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=64)
def _days_of(calendar: SessionCalendar, year: int) -> Rows:
    """Return the sessions of a year as days since 1970."""
    sessions = calendar.sessions(date(year, 1, 1), date(year, 12, 31))
    return np.array([session.date.toordinal() for session in sessions], np.int64) - _EPOCH


def check_names(tables: Sequence[DatedTable], static: Mapping[str, object]) -> str | None:
    """Return what is wrong with the names of columns: two of one name; None if nothing is."""
    homes: dict[str, str] = dict.fromkeys(static, "the universe's file")
    for table in tables:
        for name in table.names:
            if name in homes:
                return f"{table.path}: the column '{name}' is also in {homes[name]}; rename one"
            homes[name] = str(table.path)
    return None
