"""The dated tables of one scanner: those its configuration joins, and those its code rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import TableError
from symscan.model.instant import Instant
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.renames import NO_RENAMES, Renames
from symscan.scanners.tables.dated_columns import CompanyNames, DatedColumns, check_names, days_to_column
from symscan.scanners.tables.dated_table import SYMBOL, DatedTable, find_table, read_table
from symscan.session.static_columns import StaticColumns


def as_dated_files(rests_on: Mapping[str, str | DatedFile]) -> tuple[DatedFile, ...]:
    """Return the files of a mapping from files to the column that says since when a row is known.

    Raises
    ------
    TableError
        If it is no such mapping.
    """
    if not isinstance(rests_on, Mapping):
        raise TableError(f'rests_on is {rests_on!r}; write rests_on = {{"earnings.csv": "announced_at"}}')
    files = []
    for file, as_of in rests_on.items():
        if not isinstance(as_of, str | DatedFile):
            example = f'rests_on = {{"{file}": "published"}}'
            raise TableError(f"rests_on says {as_of!r} of '{file}'; name its date column, as in {example}")
        files.append(DatedFile(file, as_of) if isinstance(as_of, str) else replace(as_of, file=file))
    return tuple(files)


class ScannerTables:
    """The dated tables of one scanner; a file is read when it is first needed.

    Parameters
    ----------
    joined
        The files whose columns are joined with the universe's.
    rests_on
        Further files that code reads.
    folders
        Where relative paths are looked up after the current folder.
    exchange
        Whose sessions count.
    """

    def __init__(
        self,
        joined: Sequence[DatedFile],
        rests_on: Sequence[DatedFile],
        folders: Sequence[Path],
        exchange: str,
    ) -> None:
        self._joined = tuple(joined)
        self._files = (*joined, *rests_on)
        self._folders = tuple(folders)
        self._exchange = exchange
        self._known: dict[str, tuple[int, pl.DataFrame]] = {}
        self._columns: tuple[tuple[str, ...], DatedColumns] | None = None
        self._renames: Renames = NO_RENAMES
        self._day: date | None = None

    def use_renames(self, renames: Renames, day: date | None) -> None:
        """Set changes of ticker, which rows follow, and the date on which symbols are asked for."""
        self._renames, self._day = renames, day

    @property
    def files(self) -> tuple[DatedFile, ...]:
        """The files, as they were named."""
        return self._files

    @property
    def calendar(self) -> SessionCalendar:
        """The exchange's sessions."""
        return _calendar(self._exchange)

    def paths(self) -> dict[str, Path]:
        """Return where each file is."""
        return {one.file: find_table(one.file, self._folders) for one in self._files}

    @cached_property
    def tables(self) -> dict[str, DatedTable]:
        """The tables by the names of their files.

        Raises
        ------
        TableError
            If one is missing or malformed.
        """
        found: dict[str, DatedTable] = {}
        for number, one in enumerate(self._files):
            try:
                path = find_table(one.file, self._folders)
                found[one.file] = read_table(path, one, self.calendar.zone)
            except TableError as fault:
                fault.number = number if number < len(self._joined) else None
                raise
        return found

    @property
    def joined(self) -> list[DatedTable]:
        """The tables whose columns are joined."""
        return [self.tables[one.file] for one in self._joined]

    @cached_property
    def kinds(self) -> dict[str, pl.DataType]:
        """The types of the joined columns by name, with the sessions until each column of dates."""
        found = {name: table.frame[name].dtype for table in self.joined for name in table.names}
        dates = [name for name, dtype in found.items() if dtype == pl.Date]
        return found | {days_to_column(name): pl.Float64() for name in dates}

    def check(self, static: Mapping[str, object], symbols: Sequence[str]) -> None:
        """Check the tables, beside a universe's own columns.

        Raises
        ------
        TableError
            If one is missing or malformed, two have a column of one name, or one to be joined has no
            symbols, or none of the universe's.
        """
        for number, table in enumerate(self.joined):
            fault = None
            if not table.has_symbols:
                fault = f"{table.path}:1: there is no column 'symbol', by which rows are joined"
            elif symbols and table.places.keys().isdisjoint({*symbols, *self._renames.symbols}):
                fault = (
                    f"{table.path}: none of its symbols is in the universe; are they written alike? It has "
                    f"{next(iter(table.places), 'no rows')}, the universe {symbols[0]}"
                )
            if fault is not None:
                raise TableError(fault, key="file", number=number)
        if (clash := check_names(self.joined, static)) is not None:
            raise TableError(clash, key="file")
        _ = self.tables

    def columns_over(self, symbols: tuple[str, ...]) -> DatedColumns:
        """Return the joined columns over some symbols; those of the last symbols are kept."""
        if self._columns is None or self._columns[0] != symbols:
            company = None if self._day is None else CompanyNames(self._renames, self._day)
            self._columns = symbols, DatedColumns(self.joined, symbols, self.calendar, company)
        return self._columns[1]

    def known(self, file: str, at: Instant, *, latest: bool = False) -> pl.DataFrame:
        """Return the rows of a file that were known at an instant, in the order they became known.

        Raises
        ------
        TableError
            If the file is none of the scanner's.
        """
        if file not in self.tables:
            declared = ", ".join(f"'{one}'" for one in self.tables) or "none"
            raise TableError(
                f"this scanner does not rest on '{file}' (it declares: {declared}); declare it with the "
                f'column that says since when a row is known: rests_on = {{"{file}": "published"}}'
            )
        table = self.tables[file]
        count = table.count_at(at)
        kept = self._known.get(file)
        if kept is None or kept[0] != count:
            kept = self._known[file] = count, self._rows(table, count)
        rows = kept[1]
        if not latest:
            return rows
        if not table.has_symbols:
            raise TableError(f"{table.path}: there is no column 'symbol', of which the latest row could be")
        return rows.unique(SYMBOL, keep="last", maintain_order=True)

    def _rows(self, table: DatedTable, count: int) -> pl.DataFrame:
        known = pl.Series(table.as_of, table.known_at[:count]).cast(pl.Datetime("us", "UTC"))
        known = known.dt.convert_time_zone(self.calendar.zone.key)
        return table.frame[:count].with_columns(known)

    def __reduce__(self) -> tuple[type[ScannerTables], tuple[Any, ...]]:
        rest = self._files[len(self._joined) :]
        return type(self), (self._joined, rest, self._folders, self._exchange)  # read again where it arrives


class CurrentColumns:
    """A universe's columns as of an instant: its file's own, and those of dated files.

    Parameters
    ----------
    static
        The file's own columns.
    tables
        The dated files.
    at
        The instant.
    """

    def __init__(self, static: StaticColumns | None, tables: ScannerTables, at: Instant) -> None:
        self._static = static or StaticColumns((), {})
        self._tables = tables
        self._at = at

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*self._static.names, *self._tables.kinds)

    def series(self, name: str, symbols: tuple[str, ...]) -> pl.Series:
        """Return the values of ``symbols``, null where unknown.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if name in self._static.names:
            return self._static.series(name, symbols)
        return self._tables.columns_over(symbols).series(name, self._at)


@lru_cache(maxsize=8)
def _calendar(exchange: str) -> SessionCalendar:
    return SessionCalendar(exchange)
