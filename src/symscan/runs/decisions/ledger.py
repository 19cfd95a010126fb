"""The file of a session's decisions: written with a run, and read back as they were.

A row per scanner, symbol and scan, sorted so; what rows have in common is in the file's metadata. A ledger of
level ``near`` has the values of hits and of those that missed by one clause, ``full`` all of them; verdicts
and whether each clause holds are there of everybody.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from symscan.errors import DataError
from symscan.model.bar import Floats, Mask
from symscan.model.decisions.clauses import ClauseKind, Code
from symscan.model.decisions.verdicts import Verdict
from symscan.runs.decisions.table import NOT_JUDGED, ClauseHead, ScanHead, ScannerDecisions, SessionDecisions
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import writing

Level = Literal["none", "near", "full"]
"""How much is kept of a scanner's decisions."""

LEVELS: Final[tuple[Level, ...]] = ("none", "near", "full")

_KEY: Final = "symscan"
_VERSION: Final = 1
_SYMBOLS_A_GROUP: Final = 64
_PER_COLUMN: Final = 32
"""How many codes of two bits a column of 64 holds."""

_BELOW_TAKE: Final = 3
"""The verdict of a file on who met all conditions and was not among the best."""


def write_ledger(path: Path, decisions: SessionDecisions, levels: Mapping[str, Level]) -> None:
    """Write the decisions of a session.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    tables = list(decisions.scanners.values())
    frames = [_rows(number, one, levels[one.name]) for number, one in enumerate(tables)]
    frame = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={"scanner": pl.UInt16()})
    notes = {
        "version": _VERSION,
        "session": str(decisions.day),
        "scanners": [_notes(one, levels[one.name]) for one in tables],
    }
    scans = max((len(one.scans) for one in tables), default=1)
    content = io.BytesIO()
    frame.write_parquet(
        content,
        compression="zstd",
        compression_level=1,
        row_group_size=_SYMBOLS_A_GROUP * max(scans, 1),
        metadata={_KEY: orjson.dumps(notes).decode()},
    )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(content.getbuffer())


def read_ledger(path: Path) -> SessionDecisions:
    """Read the decisions of a session.

    Raises
    ------
    DataError
        If the file is damaged, or of a newer format.
    """
    try:
        stored = pl.read_parquet_metadata(path)
        if _KEY not in stored:
            raise ValueError("it holds no decisions")
        notes = orjson.loads(stored[_KEY])
        if notes["version"] != _VERSION:
            raise DataError(f"{path}: the ledger is of another format; use the symscan that wrote it")
        if notes["session"] != path.stem:
            raise ValueError(f"it is of {notes['session']}")
        frame = pl.read_parquet(path, glob=False, hive_partitioning=False)
        tables = [_table(frame.filter(scanner=at), one) for at, one in enumerate(notes["scanners"])]
        return SessionDecisions(date.fromisoformat(notes["session"]), {one.name: one for one in tables})
    except (OSError, PolarsError, ValueError, LookupError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{path}: the ledger is damaged ({reason}); remove it, and the session is played again instead"
        ) from None


# -- rows


def _rows(number: int, table: ScannerDecisions, level: Level) -> pl.DataFrame:
    """Return the rows of one scanner, by symbol and scan."""
    judged = (table.verdict != NOT_JUDGED).T
    symbol, scan = judged.nonzero()
    kept = None if level == "full" else ((table.verdict == Verdict.HIT) | (table.missed >= 0)).T[judged]
    columns = {
        "scanner": np.full(len(symbol), number, np.uint16),
        "symbol": symbol.astype(np.uint32),
        "scan": scan.astype(np.uint16),
        "verdict": _verdicts(table).T[judged],
        "reason": table.reasons.T[judged],
        "age_min": table.age.T[judged],
        "place": table.place.T[judged],
    }
    columns |= {f"codes{at}": one for at, one in enumerate(_packed(table, judged))}
    for at in range(len(table.clauses)):
        for name, cells in (("v", table.values), ("l", table.limits)):
            given = cells[:, at].T[judged]
            if name == "l" and _constant(given) is not None:
                continue
            if not np.isnan(given).all():
                columns[f"{name}{at}"] = given if kept is None else np.where(kept, given, np.nan)
    return pl.DataFrame(columns, nan_to_null=True)


def _verdicts(table: ScannerDecisions) -> NDArray[np.uint8]:
    verdicts = table.verdict.copy()
    for at, head in enumerate(table.clauses):
        if head.kind is ClauseKind.TAKE:
            verdicts[(verdicts == Verdict.NO) & (table.codes[:, at] == Code.FALSE)] = _BELOW_TAKE
    return verdicts


def _packed(table: ScannerDecisions, judged: Mask) -> Iterator[NDArray[np.uint64]]:
    """Yield columns of codes, two bits a clause."""
    coded = _coded(table.clauses)
    for first in range(0, len(coded), _PER_COLUMN):
        column = np.zeros(int(judged.sum()), np.uint64)
        for shift, at in enumerate(coded[first : first + _PER_COLUMN]):
            column |= table.codes[:, at].T[judged].astype(np.uint64) << np.uint64(2 * shift)
        yield column


def _coded(clauses: tuple[ClauseHead, ...]) -> list[int]:
    """Return the clauses that hold or not: values that one has read do neither."""
    return [at for at, one in enumerate(clauses) if one.kind is not ClauseKind.READING]


def _constant(values: Floats) -> float | None:
    """Return the one value of an array, None where it holds several or what is unknown."""
    return float(values[0]) if len(values) and bool((values == values[0]).all()) else None


def _notes(table: ScannerDecisions, level: Level) -> dict[str, Any]:
    judged = (table.verdict != NOT_JUDGED).T
    return {
        "name": table.name,
        "level": level,
        "clauses": [asdict(one) for one in table.clauses],
        "limits": [_constant(table.limits[:, at].T[judged]) for at in range(len(table.clauses))],
        "symbols": list(table.symbols),
        "scans": [asdict(one) for one in table.scans],
        "scale": [[None if one != one else one for one in row] for row in table.scale.tolist()],
    }


# -- back


def _table(rows: pl.DataFrame, notes: dict[str, Any]) -> ScannerDecisions:
    clauses = tuple(_head(one) for one in notes["clauses"])
    scans, symbols = tuple(ScanHead(**one) for one in notes["scans"]), tuple(notes["symbols"])
    shape, where = (len(scans), len(symbols)), (rows["scan"].to_numpy(), rows["symbol"].to_numpy())
    whole = (len(scans), len(clauses), len(symbols))
    codes = np.full(whole, Code.NOT_APPLICABLE, np.uint8)
    values, limits = np.full(whole, np.nan), np.full(whole, np.nan)
    for number, at in enumerate(_coded(clauses)):
        column, shift = divmod(number, _PER_COLUMN)
        packed = rows[f"codes{column}"].to_numpy() >> np.uint64(2 * shift)
        codes[where[0], at, where[1]] = packed & np.uint64(3)
    for at, constant in enumerate(notes["limits"]):
        for name, cells in (("v", values), ("l", limits)):
            if f"{name}{at}" in rows.columns:
                cells[where[0], at, where[1]] = rows[f"{name}{at}"].to_numpy()
        if constant is not None:
            limits[where[0], at, where[1]] = constant

    def spread(name: str, empty: float, dtype: Any) -> Any:
        cells = np.full(shape, empty, dtype)
        cells[where] = rows[name].to_numpy()
        return cells

    verdict = spread("verdict", NOT_JUDGED, np.uint8)
    verdict[where] = np.where(verdict[where] == _BELOW_TAKE, Verdict.NO, verdict[where])
    return ScannerDecisions(
        notes["name"],
        clauses,
        scans,
        symbols,
        verdict,
        codes,
        values,
        limits,
        spread("reason", 0, np.uint8),
        spread("age_min", np.nan, np.float32),
        spread("place", 0, np.uint32),
        np.array([[np.nan if one is None else one for one in row] for row in notes["scale"]], np.float64),
        is_whole=notes["level"] == "full",
    )


def _head(note: dict[str, Any]) -> ClauseHead:
    head = ClauseHead(**note)
    labels = None if head.labels is None else tuple(head.labels)
    return replace(head, kind=ClauseKind(head.kind), labels=labels)
