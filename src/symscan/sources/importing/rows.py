"""Parse the cells of a bar file to typed rows; a cell that cannot be parsed stops the import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from symscan.errors import DataError
from symscan.model.bar import FIELDS
from symscan.sources.importing.columns import DATE, SYMBOL, TIME, TIMESTAMP, map_columns
from symscan.sources.importing.files import LINE, BarTable, open_table
from symscan.sources.importing.options import ImportOptions
from symscan.sources.importing.refused_rows import RefusedRows
from symscan.sources.importing.timestamps import WHEN, read_dates, read_instants

_NAMED_ROWS: Final = 5
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9.\-]*")


@dataclass(frozen=True, slots=True)
class Rows:
    """Parsed rows.

    Attributes
    ----------
    frame
        ``line``, ``symbol``, ``when`` (Datetime in UTC as labelled, or Date for daily bars) and the
        bar's fields; null where a cell is empty, or a number is not finite.
    """

    table: BarTable
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class _Unread:
    """The rows whose cells in some columns cannot be parsed."""

    rows: pl.Series
    columns: Sequence[str]
    why: str


@dataclass(frozen=True, slots=True)
class BarReader:
    """Reads a bar file whose columns are mapped."""

    table: BarTable
    positions: dict[str, int]
    ignored: tuple[str, ...]
    symbol: str | None
    options: ImportOptions

    @staticmethod
    def open(path: Path, options: ImportOptions) -> BarReader:
        """Open a file and map its columns.

        Raises
        ------
        DataError
            If they are ambiguous or incomplete, or there is no symbol.
        """
        table = open_table(path, options.header)
        columns = map_columns(table.names, options.columns, file=str(path))
        positions = dict(columns.positions)
        _check_types(table, positions)
        symbol = options.symbol
        if symbol is not None:
            positions.pop(SYMBOL, None)
        elif SYMBOL not in positions:
            symbol = _symbol_of_name(path, options.name_pattern)
        return BarReader(table, positions, columns.ignored, symbol, options)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Yield the file's cells in order, in chunks of rows.

        Raises
        ------
        DataError
            If the file cannot be read to its end.
        """
        return self.table.chunks(self.positions)

    def read(self, cells: pl.DataFrame) -> Rows:
        """Parse some cells.

        Raises
        ------
        RefusedRows
            If a cell cannot be read; the message names its line and what it holds.
        DataError
            If it is not known how to read the times.
        """
        symbol = pl.lit(self.symbol) if self.symbol else pl.col(SYMBOL).cast(pl.String).str.strip_chars()
        unread: list[_Unread] = []
        numbers = [self._number(cells, field, unread) for field in FIELDS]
        when = self._when(cells, unread)
        self._refuse_unread(cells, unread)
        symbols = symbol.replace("", None).alias("symbol")
        return Rows(self.table, cells.select(pl.col(LINE), symbols, when, *numbers))

    def _number(self, cells: pl.DataFrame, field: str, unread: list[_Unread]) -> pl.Series:
        cell = cells[field]
        if cell.dtype == pl.String:
            cell = cell.str.strip_chars().replace("", None)
        number = cell.cast(pl.Float64, strict=False)
        unread.append(_Unread(cell.is_not_null() & number.is_null(), [field], "is not a number"))
        return cells.select(pl.when(number.is_finite()).then(number).alias(field)).to_series()

    def _when(self, cells: pl.DataFrame, unread: list[_Unread]) -> pl.Series:
        options = self.options
        columns = [name for name in (TIMESTAMP, DATE, TIME) if name in cells.columns]
        try:
            when = (
                read_instants(cells, options.timezone, options.time_format)
                if options.interval.is_intraday
                else read_dates(cells, options.time_format)
            )
        except DataError as error:
            raise DataError(f"{self.table.path}: {error}") from None
        given = cells.select(pl.all_horizontal(pl.col(columns).is_not_null())).to_series()
        unread.append(_Unread(given & when.is_null(), columns, self._time_error()))
        return when.alias(WHEN)

    def _time_error(self) -> str:
        if not self.options.interval.is_intraday:
            return "is not a date (daily bars carry the session's date, never a time of day)"
        zone = (
            f", or does not exist or exists twice in {self.options.timezone}" if self.options.timezone else ""
        )
        return f"is not a time{zone}"

    def _refuse_unread(self, cells: pl.DataFrame, unread: Sequence[_Unread]) -> None:
        is_faulty = pl.select(pl.any_horizontal(*(one.rows for one in unread))).to_series()
        if not is_faulty.any():
            return
        first = is_faulty.arg_true().head(_NAMED_ROWS).to_list()
        named = [
            self._describe_row(cells, row, next(one for one in unread if one.rows[row])) for row in first
        ]
        raise RefusedRows("that cannot be read", int(is_faulty.sum()), "mend the file", named)

    def _describe_row(self, cells: pl.DataFrame, row: int, fault: _Unread) -> str:
        names = " and ".join(self.table.names[self.positions[column]] for column in fault.columns)
        line, *values = cells.select(LINE, *fault.columns).row(row)
        return f"{self.table.row_name(line)}: {names} '{' '.join(map(str, values))}' {fault.why}"


def _check_types(table: BarTable, positions: Mapping[str, int]) -> None:
    types = table.types()
    for role, position in positions.items():
        kind = types[position]
        readable = kind.is_numeric() or isinstance(kind, pl.String | pl.Categorical | pl.Enum | pl.Null)
        if not (readable or (role in (TIMESTAMP, DATE, TIME) and kind.is_temporal())):
            name = table.names[position]
            raise DataError(f"{table.path}: the column {name} holds {kind}, which cannot be the {role}")


def _symbol_of_name(path: Path, pattern: str | None) -> str:
    stem = path.name.split(".csv")[0].removesuffix(path.suffix)
    if pattern is None:
        if _PLAIN_NAME.fullmatch(stem):
            return stem
        raise DataError(
            f"{path}: no column holds the symbol, and the file's name is not just a symbol; give --columns "
            "symbol=NAME, --symbol SYMBOL, or --name-pattern '{symbol}_1m'"
        )
    before, after = (re.escape(part).replace(r"\*", ".*") for part in pattern.split("{symbol}"))
    match = re.match(f"{before}(.+?){after}" + ("" if after else "$"), stem)
    if match is None:
        raise DataError(f"{path}: the file's name does not fit --name-pattern '{pattern}'")
    return match[1]
