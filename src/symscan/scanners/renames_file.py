"""Read changes of ticker from a file: ``date,old,new``."""

from __future__ import annotations

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path

from symscan.errors import UniverseError
from symscan.model.symbol_text import SYMBOL_PATTERN
from symscan.model.universes.renames import Rename, Renames

_COLUMNS = ("date", "old", "new")


def read_renames(path: Path) -> Renames:
    """Read changes of ticker.

    Raises
    ------
    UniverseError
        If the file cannot be read, a row is malformed, or two contradict each other; it gives the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UniverseError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise UniverseError(f"{path}: cannot be read ({error.strerror})") from None
    return _parsed(path, text)


@lru_cache(maxsize=16)
def _parsed(path: Path, text: str) -> Renames:
    lines = enumerate(text.splitlines(), start=1)
    content = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    rows = [(number, [one.strip() for one in next(csv.reader([line]))]) for number, line in content]
    header = [name.lower() for name in rows[0][1]] if rows else []
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise UniverseError(f"{path}:1: there is no column '{missing[0]}'; write the header date,old,new")
    found: dict[tuple[date, str, str], int] = {}
    changes = []
    for number, values in rows[1:]:
        if len(values) != len(header):
            fault = f"{len(values)} values, but the header has {len(header)} columns"
            raise UniverseError(f"{path}:{number}: {fault}")
        one = _rename(path, number, dict(zip(header, values, strict=True)))
        for role, symbol in (("old", one.old), ("new", one.new)):
            first = found.setdefault((one.day, role, symbol), number)
            if first != number:
                what = "changes to two symbols" if role == "old" else "is given to two companies"
                raise UniverseError(f"{path}:{number}: {symbol} {what} on {one.day}, see line {first}")
        changes.append(one)
    return Renames(tuple(sorted(changes, key=lambda one: (one.day, one.old))))


def _rename(path: Path, number: int, row: dict[str, str]) -> Rename:
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        raise UniverseError(f"{path}:{number}: '{row['date']}' is not a date; write 2022-06-09") from None
    for symbol in (row["old"], row["new"]):
        if not SYMBOL_PATTERN.fullmatch(symbol):
            raise UniverseError(f"{path}:{number}: '{symbol}' is not a symbol; write one, as in META")
    if row["old"] == row["new"]:
        raise UniverseError(f"{path}:{number}: {row['old']} is both the old and the new symbol")
    return Rename(day, row["old"], row["new"])
