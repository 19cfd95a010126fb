"""Import splits from a file into the store."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Final

import polars as pl

from symscan.errors import DataError
from symscan.sources.importing.options import OnConflict
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore

_COLUMNS: Final = tuple(SPLITS_SCHEMA)
_Key = tuple[str, date]


@dataclass(frozen=True, slots=True)
class SplitsReport:
    """Rows read, splits new to the store, rows that agreed with another one, conflicts settled."""

    rows: int
    added: int
    duplicates: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class _Row:
    key: _Key
    ratio: float
    location: str


def import_splits(store: BarStore, path: Path, on_conflict: OnConflict = OnConflict.STOP) -> SplitsReport:
    """Import a CSV file of ``symbol``, ``ex_date``, ``ratio`` (4 or ``4:1`` for 4-for-1).

    Raises
    ------
    DataError
        If the file cannot be read, a row is no split, or two ratios of one split contradict each
        other and neither is to be preferred; nothing is changed then.
    """
    rows = list(_read(path))
    counts: Counter[str] = Counter()
    with store.updating() as update:
        stored = store.splits().iter_rows()
        known = {(symbol, day): _Row((symbol, day), ratio, "the store") for symbol, day, ratio in stored}
        for row in rows:
            counts[_merge(known, row, on_conflict)] += 1
        splits = [(*key, row.ratio) for key, row in sorted(known.items(), key=itemgetter(0))]
        update.put_splits(pl.DataFrame(splits, SPLITS_SCHEMA, orient="row"))
    return SplitsReport(len(rows), counts["added"], counts["duplicate"], counts["conflict"])


def _merge(known: dict[_Key, _Row], row: _Row, on_conflict: OnConflict) -> str:
    """Merge a row into the known splits; return how it is counted."""
    other = known.setdefault(row.key, row)
    if other is row:
        return "added"
    if other.ratio == row.ratio:
        return "duplicate"
    if on_conflict is OnConflict.STOP:
        raise DataError(
            f"{row.location}: {row.key[0]} on {row.key[1]}: the ratio {row.ratio:g} contradicts "
            f"{other.ratio:g} ({other.location}); mend the file, or give --on-conflict first or last"
        )
    if on_conflict is OnConflict.LAST:
        known[row.key] = row
    return "conflict"


def _read(path: Path) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [cell.strip().lower() for cell in next(reader, [])]
            positions = _positions(path, header)
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield _parse(f"{path}:{reader.line_num}", row, positions)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8 ({error})") from None


def _positions(path: Path, header: list[str]) -> list[int]:
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise DataError(
            f"{path}:1: the first line must name {', '.join(_COLUMNS)}; it is: {','.join(header)}"
        )
    return [header.index(name) for name in _COLUMNS]


def _parse(location: str, row: list[str], positions: list[int]) -> _Row:
    if len(row) <= max(positions):
        raise DataError(f"{location}: {len(row)} fields, expected {', '.join(_COLUMNS)}")
    symbol, day, ratio = (row[position].strip() for position in positions)
    if not symbol:
        raise DataError(f"{location}: the symbol is missing")
    return _Row((symbol, _parse_date(location, day)), _parse_ratio(location, ratio), location)


def _parse_date(location: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{location}: ex_date '{text}' is not a date; write 2020-08-31") from None


def _parse_ratio(location: str, text: str) -> float:
    new, _, old = text.partition(":")
    try:
        ratio = float(new) / float(old or 1)
    except (ValueError, ZeroDivisionError):
        ratio = math.nan
    if not (math.isfinite(ratio) and ratio > 0.0):
        raise DataError(
            f"{location}: ratio '{text}' is not above zero; write 4 or 4:1 for 4-for-1, 0.1 for 1-for-10"
        )
    return ratio
