"""Read bar files, CSV and Parquet, in chunks of numbered rows."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, cast

import polars as pl

from symscan.errors import DataError
from symscan.model.bar import FIELDS

LINE: Final = "line"
"""The column that holds a row's place in its file, from 1."""

_PARQUET: Final = (".parquet", ".pq")
_CSV: Final = (".csv", ".csv.gz", ".tsv")
_DELIMITERS: Final = ",;\t|"
_VALUE_STARTS: Final = frozenset("0123456789+-.")
_NUMBER: Final = "\0line"
"""What no column of a file is called."""

_CHUNK_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class BarTable:
    """A file of bars whose header is read and whose rows are not.

    Attributes
    ----------
    path
        Where it is.
    names
        Its column names in order, as written.
    rows
        Its rows; columns are named by position (``"0"``, ``"1"``, ...), those of a CSV file are text.
    is_text
        Whether it is a CSV file, whose rows are lines.
    """

    path: Path
    names: tuple[str, ...]
    rows: pl.LazyFrame
    is_text: bool

    def types(self) -> list[pl.DataType]:
        """The type of every column, in order."""
        schema = self.rows.collect_schema()
        return [schema[str(position)] for position in range(len(self.names))]

    def row_name(self, line: int) -> str:
        """Return the name of a row for messages: ``AAPL.csv:17``."""
        return f"{self.path}:{line}" if self.is_text else f"{self.path}, row {line}"

    def chunks(self, positions: Mapping[str, int]) -> Iterator[pl.DataFrame]:
        """The rows in order, some at a time: the columns asked for, by their new names, and ``line``.

        Raises
        ------
        DataError
            If the file cannot be read to its end.
        """
        wanted = [pl.col(str(position)).alias(name) for name, position in positions.items()]
        rows = self.rows.select(pl.col(LINE), *wanted)
        if self.is_text:
            rows = rows.filter(~pl.all_horizontal(pl.exclude(LINE).is_null()))
        try:
            yield from rows.collect_batches(chunk_size=_CHUNK_ROWS, maintain_order=True)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{self.path}: {self._why_unreadable(error)}") from None

    def _why_unreadable(self, error: Exception) -> str:
        if self.is_text and "more fields" in str(error):
            line = _first_longer_line(self.path, len(self.names))
            return f"line {line} has more fields than the first, which has {len(self.names)}; mend the file"
        return f"cannot be read ({_reason(error)})"


def find_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files that paths, folders and globs name, each once; those of a folder or a glob by name.

    Raises
    ------
    DataError
        If a path names nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        files = _expand(Path(path))
        if not files:
            raise DataError(f"{path}: there is no such file, and no bar files ({', '.join(_CSV + _PARQUET)})")
        found.update(dict.fromkeys(files))
    return list(found)


def open_table(path: Path, header: Sequence[str] | None = None) -> BarTable:
    """Open a file: Parquet by its ending, anything else is CSV.

    Parameters
    ----------
    path
        The file.
    header
        The column names of a CSV file without a header line.

    Raises
    ------
    DataError
        If the file has no columns or is not what its ending says.
    """
    return _open_parquet(path) if path.name.lower().endswith(_PARQUET) else _open_csv(path, header)


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        files = (file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        return sorted(file for file in files if file.name.lower().endswith(_CSV + _PARQUET))
    if path.exists():
        return [path]
    return sorted(match for match in Path(path.anchor).glob(_below_anchor(path)) if match.is_file())


def _below_anchor(path: Path) -> str:
    return str(path.relative_to(path.anchor)) if path.anchor else str(path)


def _open_parquet(path: Path) -> BarTable:
    rows = pl.scan_parquet(path, glob=False, hive_partitioning=False)
    try:
        names = rows.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: not a Parquet file that can be read ({_reason(error)})") from None
    numbered = rows.rename({name: str(position) for position, name in enumerate(names)})
    return BarTable(path, tuple(names), numbered.with_row_index(LINE, 1), is_text=False)


def _open_csv(path: Path, header: Sequence[str] | None) -> BarTable:
    first = _first_line(path)
    delimiter = _delimiter(first)
    cells = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    if header is None and sum(cell[:1] in _VALUE_STARTS for cell in cells if cell) >= len(FIELDS) - 1:
        raise DataError(
            f"{path}: the first line ({first}) holds values, not column names; "
            "name the columns with --header date,time,open,high,low,close,volume"
        )
    if header is not None and len(header) != len(cells):
        raise DataError(
            f"{path}: --header names {len(header)} columns, the first line has {len(cells)}: {first}"
        )
    rows = pl.scan_csv(
        path,
        glob=False,
        has_header=header is None,
        separator=delimiter,
        infer_schema=False,
        row_index_name=_NUMBER,
        row_index_offset=1 if header else 2,
    )
    return BarTable(path, tuple(header or cells), _by_position(path, rows), is_text=True)


def _by_position(path: Path, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Name columns by position: a file's names may be ambiguous, or collide with ours."""
    try:
        names = rows.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read ({_reason(error)})") from None
    cells = {name: str(position) for position, name in enumerate(name for name in names if name != _NUMBER)}
    return rows.rename({_NUMBER: LINE, **cells})


def _first_line(path: Path) -> str:
    try:
        with _open_text(path) as file:
            line = file.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8; import CSV or Parquet") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    if not line.strip():
        raise DataError(f"{path}: the first line is empty; a CSV file begins with its column names")
    return line


def _first_longer_line(path: Path, fields: int) -> int | None:
    delimiter = _delimiter(_first_line(path))
    with _open_text(path) as file:
        reader = csv.reader(file, delimiter=delimiter)
        return next((reader.line_num for row in reader if len(row) > fields), None)


def _reason(error: Exception) -> str:
    """The first line of a library's error; the rest is advice to its callers."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _open_text(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig"))
    return path.open(encoding="utf-8-sig")
