"""Events as tables: the frames behind ``hits``, ``scans`` and ``unknown``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.events.session import ScanFinished, ScannerDone
from symscan.model.session import Session
from symscan.observers.results.hit_metadata import ScannerMetadata
from symscan.runs.hits_csv import hits_csv_frame
from symscan.runs.list_changes import ListChanges
from symscan.runs.schemas import HITS_SCHEMA, INSTANT, PHASES, SCANS_SCHEMA, UNKNOWN_SCHEMA
from symscan.runs.session_files import ScannerValues

_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume")
_NUMBERS: Final = {"scan": pl.UInt32(), "number": pl.UInt32()}
_KEYS: Final = ("scan_at", "phase", "rank", "symbol")


class SessionHits:
    """The hits of a session, columnar.

    Attributes
    ----------
    frame
        The columns of ``hits``, sorted by time, phase, scanner, rank and symbol; and ``scan``, the scan's
        place among all of the session, ``number``, the hit's place among those of its scanner.
    """

    def __init__(self, session: Session, scans: Sequence[ScanFinished]) -> None:
        self._zone = session.zone
        self.frame = _hits_frame(session, scans)
        self._metadata = {
            name: ScannerMetadata([scan.hits for scan in found])
            for name, found in _by_scanner([scan for scan in scans if scan.hits.symbols]).items()
        }

    def values(self) -> dict[str, ScannerValues]:
        """Return what each scanner said of its hits, but for those that said nothing."""
        given = {name: one for name, one in self._metadata.items() if not one.is_empty()}
        return {name: self._values(name, one) for name, one in given.items()}

    def texts(self, rows: pl.Series) -> pl.Series:
        """Return what was said of some of the hits, as JSON."""
        of = self.frame[rows].select("scanner", "number").with_row_index("row")
        parts = [
            part.select("row", self._metadata[name].texts(part["number"]).alias("text"))
            for (name,), part in of.partition_by("scanner", as_dict=True, maintain_order=True).items()
        ]
        none = pl.DataFrame(schema={"row": pl.UInt32(), "text": pl.String()})
        return pl.concat([none, *parts]).sort("row")["text"]

    def csv_frame(self) -> pl.DataFrame:
        """Return the rows of ``hits.csv``."""
        rows = pl.Series(np.arange(self.frame.height), dtype=pl.UInt32)
        return hits_csv_frame(self.frame.select(HITS_SCHEMA.names()), self.texts(rows), self._zone)

    def _values(self, scanner: str, metadata: ScannerMetadata) -> ScannerValues:
        hits = self.frame.filter(pl.col("scanner") == scanner)
        columns, notes = metadata.stored()
        return ScannerValues(
            pl.concat([hits.select(_KEYS), columns[hits["number"]]], how="horizontal"), notes
        )


def hits_frame(session: Session, scans: Sequence[ScanFinished]) -> pl.DataFrame:
    """Every symbol returned at every scan of a session, as in ``hits.csv``."""
    return SessionHits(session, scans).csv_frame()


def scans_frame(session: Session, scans: Sequence[ScanFinished]) -> pl.DataFrame:
    """One row per scan due in a session, by time and scanner."""
    changes = ListChanges()
    rows = [_scan_row(session, scan, changes) for scan in scans]
    frame = pl.DataFrame(rows, schema=_physical(SCANS_SCHEMA), orient="row").cast(SCANS_SCHEMA)
    return frame.sort("scan_at", "scanner", "phase", maintain_order=True)


def scan_order(scans: Sequence[ScanFinished]) -> pl.DataFrame:
    """The scans of a session in the order of their results, as episodes follow from them."""
    return pl.DataFrame(
        {
            "scan": pl.Series(range(len(scans)), dtype=pl.UInt32),
            "scan_at": pl.Series([scan.at for scan in scans], dtype=pl.Int64).cast(INSTANT),
            "scanner": pl.Series([scan.scanner for scan in scans], dtype=pl.String),
            "phase": pl.Series([scan.phase.value for scan in scans], dtype=pl.String),
            "outcome": pl.Series([scan.outcome.value for scan in scans], dtype=pl.String),
        }
    )


def unknown_frame(session: Session, done: Iterable[ScannerDone]) -> pl.DataFrame:
    """Who could not be judged in a session, by scanner, symbol and time."""
    frames = [_unknown_of(session, event) for event in done if event.unknown.symbols]
    found = pl.concat(frames) if frames else pl.DataFrame(schema=UNKNOWN_SCHEMA)
    return found.sort("scanner", "symbol", "from", "to", "reason")


def _hits_frame(session: Session, scans: Sequence[ScanFinished]) -> pl.DataFrame:
    found = [(number, scan) for number, scan in enumerate(scans) if scan.hits.symbols]
    if not found:
        return pl.DataFrame(schema={**HITS_SCHEMA, **_NUMBERS})
    frame = pl.DataFrame(_hit_columns(session, found)).select(*HITS_SCHEMA, *_NUMBERS)
    phase = pl.col("phase").cast(pl.Enum(PHASES))
    return frame.sort("scan_at", phase, "scanner", "rank", "symbol", maintain_order=True)


def _hit_columns(session: Session, found: Sequence[tuple[int, ScanFinished]]) -> dict[str, pl.Series]:
    """The columns of ``hits``, all scans of a session one after another."""
    scans = [scan for _, scan in found]
    counts = [len(scan.hits.symbols) for scan in scans]
    total, which = sum(counts), np.repeat(np.arange(len(scans)), counts)
    starts = np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    ends = np.concatenate([scan.hits.last_bar_end for scan in scans])
    return {
        "session": pl.repeat(session.date, total, dtype=pl.Date, eager=True),
        "scan_at": _spread([scan.at for scan in scans], which, pl.Int64()).cast(INSTANT),
        "scanner": _spread([scan.scanner for scan in scans], which, pl.String()),
        "phase": _spread([scan.phase.value for scan in scans], which, pl.String()),
        "symbol": pl.Series([symbol for scan in scans for symbol in scan.hits.symbols], dtype=pl.String),
        "rank": pl.Series(np.arange(total) - starts + 1, dtype=pl.Int32),
        "new": pl.Series(np.concatenate([scan.hits.new for scan in scans])),
        **{name: _reading(scans, name) for name in _READINGS},
        "last_bar_end": pl.Series(ends, nan_to_null=True).cast(pl.Int64).cast(INSTANT),
        "decided_at": _spread([scan.decided_at for scan in scans], which, pl.Int64()).cast(INSTANT),
        "scan": _spread([number for number, _ in found], which, pl.UInt32()),
        "number": _numbers_by_scanner(scans, counts),
    }


def _spread(values: Sequence[Any], which: NDArray[np.intp], kind: pl.DataType) -> pl.Series:
    """Repeat a value of each scan for each of its hits."""
    return pl.Series(values, dtype=kind).gather(which)


def _reading(scans: Sequence[ScanFinished], name: str) -> pl.Series:
    values = np.concatenate([getattr(scan.hits, name) for scan in scans])
    return pl.Series(values, dtype=pl.Float64, nan_to_null=True)


def _numbers_by_scanner(scans: Sequence[ScanFinished], counts: Sequence[int]) -> pl.Series:
    """Number the hits of each scanner, from 0."""
    so_far: dict[str, int] = {}
    parts = []
    for scan, count in zip(scans, counts, strict=True):
        first = so_far.get(scan.scanner, 0)
        so_far[scan.scanner] = first + count
        parts.append(np.arange(first, first + count))
    return pl.Series(np.concatenate(parts), dtype=pl.UInt32)


def _by_scanner(scans: Iterable[ScanFinished]) -> dict[str, list[ScanFinished]]:
    found: dict[str, list[ScanFinished]] = {}
    for scan in scans:
        found.setdefault(scan.scanner, []).append(scan)
    return found


def _scan_row(session: Session, scan: ScanFinished, changes: ListChanges) -> tuple[Any, ...]:
    symbols = scan.hits.symbols
    entered, left = changes.update(scan.scanner, symbols, is_ok=scan.outcome.is_ok)
    return (
        session.date,
        scan.at,
        scan.scanner,
        scan.phase.value,
        scan.outcome.value,
        scan.universe,
        scan.judged,
        scan.unknown,
        len(symbols),
        int(np.count_nonzero(scan.hits.new)),
        round(scan.execution_time_ms, 3),
        scan.error,
        len(entered),
        len(left),
        scan.decided_at,
    )


def _unknown_of(session: Session, event: ScannerDone) -> pl.DataFrame:
    unknown = event.unknown
    count = len(unknown.symbols)
    columns = {
        "session": pl.repeat(session.date, count, dtype=pl.Date, eager=True),
        "scanner": pl.repeat(event.scanner, count, dtype=pl.String, eager=True),
        "symbol": pl.Series(unknown.symbols, dtype=pl.String),
        "reason": pl.Series(unknown.reasons, dtype=pl.String),
        "from": pl.Series(unknown.first_at).cast(INSTANT),
        "to": pl.Series(unknown.last_at).cast(INSTANT),
        "scans": pl.Series(unknown.scans),
    }
    return pl.DataFrame(columns, schema=UNKNOWN_SCHEMA)


def _physical(schema: pl.Schema) -> dict[str, pl.DataType]:
    """Return a schema with instants as whole numbers, as events have them."""
    return {name: pl.Int64() if kind == INSTANT else kind for name, kind in schema.items()}
