"""A file with dated rows: read and checked as a whole, before the first scan sees any of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from symscan.errors import TableError
from symscan.model.bar import Rows
from symscan.model.instant import Instant
from symscan.model.symbol_text import SYMBOL_PATTERN
from symscan.model.universes.dated_file import DatedFile
from symscan.scanners.tables.times import has_time_without_zone, known_since
from symscan.scanners.universe import column_names, find_file, identifier

SYMBOL: Final = "symbol"
_MOST_FILES: Final = 16
_DATE_FORMAT: Final = "%Y-%m-%d"
_DIGITS: Final = 16


@dataclass(frozen=True, eq=False)
class DatedTable:
    """The rows of a dated file, in the order in which they became known.

    Attributes
    ----------
    path
        The file.
    as_of
        The name of the column that says since when a row is known.
    frame
        ``symbol`` where the file has one, then its columns: numbers, dates or texts, null where empty.
    known_at
        Since when each row is known, ascending, UTC microseconds, shape ``(rows,)``.
    """

    path: Path
    as_of: str
    frame: pl.DataFrame
    known_at: Rows

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that can be joined: all but the symbol and the date."""
        return tuple(name for name in self.frame.columns if name != SYMBOL)

    @property
    def has_symbols(self) -> bool:
        """Whether each row is of a symbol."""
        return SYMBOL in self.frame.columns

    def count_at(self, at: Instant) -> int:
        """Return how many rows were known at an instant: the first so many."""
        return int(np.searchsorted(self.known_at, at, side="right"))

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of each symbol."""
        return {symbol: place for place, symbol in enumerate(self.frame[SYMBOL].unique().sort())}

    @cached_property
    def codes(self) -> Rows:
        """The number of each row's symbol, shape ``(rows,)``."""
        known = pl.Series(list(self.places), dtype=pl.String)
        codes: Rows = known.search_sorted(self.frame[SYMBOL]).to_numpy().astype(np.intp)
        return codes

    def digest(self, end: Instant) -> str:
        """Return a digest of the rows known by an instant: those of later on change nothing before."""
        count = self.count_at(end)
        rows = self.frame[:count].with_columns(pl.Series("known_at", self.known_at[:count]))
        return sha256(rows.write_csv().encode()).hexdigest()[:_DIGITS]


def find_table(file: str, folders: Sequence[Path]) -> Path:
    """Return the path of a file, looked for in the current folder, then in ``folders``.

    Raises
    ------
    TableError
        If there is none.
    """
    try:
        return find_file(Path(file).expanduser(), folders)
    except FileNotFoundError as tried:
        raise TableError(f"there is no file '{file}' (looked for {tried})", key="file") from None


def read_table(path: Path, file: DatedFile, exchange: ZoneInfo) -> DatedTable:
    """Read a dated file; the same file is read once.

    Parameters
    ----------
    path
        Where it is.
    file
        What is said of it.
    exchange
        The exchange's time zone, on whose calendar bare dates are.

    Raises
    ------
    TableError
        If it cannot be read, has no such date column, or a row is malformed; it names the line.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror})", key="file") from None
    return _read_state(path, file, exchange, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=_MOST_FILES)
def _read_state(path: Path, file: DatedFile, exchange: ZoneInfo, _state: object) -> DatedTable:
    text = _text(path)
    return _Reader(path, file, exchange, text).table()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"
        raise TableError(message, key="file") from None
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror})", key="file") from None


class _Reader:
    """Reads one file; what is wrong with it is told with its line."""

    def __init__(self, path: Path, file: DatedFile, exchange: ZoneInfo, text: str) -> None:
        self._path = path
        self._file = file
        self._exchange = exchange
        self._text = text

    def table(self) -> DatedTable:
        """Return the table."""
        raw = self._raw()
        as_of = self._as_of_column(raw.columns)
        texts = raw.select(pl.all().str.strip_chars().replace("", None))
        known_at = self._known_at(texts[as_of])
        columns = [self._symbols(texts[SYMBOL])] if SYMBOL in texts.columns else []
        columns += [self._typed(each) for each in texts if each.name not in (SYMBOL, as_of)]
        frame = pl.DataFrame(columns) if columns else pl.DataFrame({as_of: texts[as_of]})
        order = np.argsort(known_at, kind="stable")
        if SYMBOL in frame.columns:
            self._refuse_duplicates(frame[SYMBOL], known_at)
        return DatedTable(self._path, as_of, frame[order], known_at[order])

    def _raw(self) -> pl.DataFrame:
        """Return the file as texts, with the names of columns as expressions write them."""
        content = "\n".join(line for _, line in self._lines())
        number, header = next(self._records(), (1, []))
        if not header:
            raise self._fault(f"the file is empty; write a header with '{self._file.as_of}'", key="file")
        names = column_names(self._path, number, header, needs_symbol=False, error=TableError)
        try:
            raw = pl.read_csv(content.encode(), infer_schema=False, has_header=True)
        except (pl.exceptions.PolarsError, ValueError) as error:
            self._refuse_ragged(len(names))
            raise self._fault(f"is no CSV ({str(error).splitlines()[0]})", key="file") from None
        if len(raw.columns) != len(names):
            self._refuse_ragged(len(names))
        if raw[:, -1].null_count():
            self._refuse_ragged(len(names))  # polars fills rows that are too short
        return raw.rename(dict(zip(raw.columns, names, strict=True)))

    def _as_of_column(self, names: Sequence[str]) -> str:
        name = identifier(self._file.as_of)
        if name not in names:
            raise self._fault(
                f"there is no column '{self._file.as_of}', which is to say since when a row is known; its "
                f"columns: {', '.join(names)}",
                1,
                key="as_of",
            )
        return name

    def _symbols(self, texts: pl.Series) -> pl.Series:
        bad = texts.is_null() | ~texts.fill_null("").str.contains(f"^{SYMBOL_PATTERN.pattern}$")
        if (row := _first(bad)) is not None:
            raise self._fault(f"'{texts[row] or ''}' is not a symbol; write one, as in AAPL", self._line(row))
        return texts

    def _known_at(self, texts: pl.Series) -> Rows:
        known = known_since(texts, self._file.zone, self._exchange)
        row = _first(known.is_null())
        if row is None:
            instants: Rows = known.to_numpy()
            return instants
        text, place = texts[row], f"in column '{self._file.as_of}'"
        if text is None:
            raise self._fault(f"there is no date {place}; leave the row out", self._line(row))
        if self._file.zone is None and has_time_without_zone(text):
            message = f'\'{text}\' {place} has no zone; give one, as in "zone": "America/New_York"'
            in_code = 'in code, DatedFile(..., zone="America/New_York")'
            raise self._fault(f"{message}; {in_code}", self._line(row), key="zone")
        raise self._fault(
            f"'{text}' {place} is not a time; write 2018-03-01, or 2018-03-01T16:30:00-05:00", self._line(row)
        )

    def _typed(self, texts: pl.Series) -> pl.Series:
        """Return numbers or dates if all that is given is; a stray text among them is a fault."""
        given = texts.is_not_null()
        for what, values in (
            ("numbers", texts.cast(pl.Float64, strict=False)),
            ("dates", texts.str.to_date(_DATE_FORMAT, strict=False)),
        ):
            stray = given & values.is_null()
            fits = int((given & ~stray).sum())
            if fits and not stray.any():
                # A number that is not finite is unknown, as in an expression.
                return values if values.dtype == pl.Date else values.set(~values.is_finite(), None)
            if fits > int(stray.sum()):
                row = _first(stray)
                assert row is not None
                message = f"'{texts[row]}' stands in column '{texts.name}' among {what}; leave it empty"
                raise self._fault(message, self._line(row))
        return texts

    def _refuse_duplicates(self, symbols: pl.Series, known_at: Rows) -> None:
        """Refuse two rows of a symbol that are known since the same instant: neither is the later one."""
        keys = pl.DataFrame([symbols, pl.Series("known_at", known_at)])
        row = _first(~keys.is_unique())
        if row is None:
            return
        both = keys.with_row_index("row").filter(
            pl.col(SYMBOL) == symbols[row], pl.col("known_at") == known_at[row]
        )
        first, second = both["row"].to_list()[:2]
        raise self._fault(
            f"{symbols[row]} has two rows known since the same time, the other on line {self._line(first)}; "
            "remove one, or give the times",
            self._line(second),
        )

    def _refuse_ragged(self, count: int) -> None:
        """Refuse a row that has fewer or more values than the header."""
        for number, record in self._records():
            if len(record) != count:
                raise self._fault(f"{len(record)} values, but the header has {count} columns", number)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        numbers: list[int] = []

        def lines() -> Iterator[str]:
            for number, line in self._lines():
                numbers.append(number)
                yield line + "\n"

        try:
            for record in csv.reader(lines()):
                yield numbers[0], [value.strip() for value in record]
                numbers.clear()
        except csv.Error as error:
            raise self._fault(str(error), numbers[0] if numbers else None) from None

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that say something; a comment begins with ``#``."""
        for number, line in enumerate(self._text.splitlines(), start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield number, line

    def _line(self, row: int) -> int:
        """Return the line of a row; it is looked up only for messages."""
        return next(number for at, (number, _) in enumerate(self._records(), start=-1) if at == row)

    def _fault(self, message: str, line: int | None = None, key: str | None = None) -> TableError:
        place = self._path if line is None else f"{self._path}:{line}"
        return TableError(f"{place}: {message}", key=key)


def _first(mask: pl.Series) -> int | None:
    """Return the first row where a mask is true."""
    return mask.arg_max() if mask.any() else None
