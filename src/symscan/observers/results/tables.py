"""Events as tables: the frames behind ``hits``, ``scans`` and ``unknown``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.events.session import ScanFinished, ScannerDone
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.observers.results.hit_metadata import ScannerMetadata
from symscan.runs.files.session_files import ScannerValues
from symscan.runs.hits_csv import hits_csv_frame
from symscan.runs.list_changes import Changes, ListChanges, Symbols
from symscan.runs.schemas import HITS_SCHEMA, INSTANT, PHASES, UNKNOWN_SCHEMA
from symscan.runs.texts import csv_text

_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume")
_KEYS: Final = ("scan_at", "phase", "rank", "symbol")
_NOTHING: Final = "{}"

TextsOf = Callable[[ScannerMetadata, pl.Series], pl.Series]


class SessionHits:
    """The hits of a session, columnar.

    Attributes
    ----------
    frame
        The columns of ``hits``, sorted by time, phase, scanner, rank and symbol; and ``scan``, the scan's
        place among all of the session.
    """

    def __init__(self, session: Session, scans: Sequence[ScanFinished]) -> None:
        self._zone = session.zone
        found = [(number, scan) for number, scan in enumerate(scans) if scan.hits.symbols]
        found.sort(key=_order)  # a scan's hits are in order, so that all of them are now
        self.frame = _hits_frame(session, found)
        by_scanner = _by_scanner([scan for _, scan in found])
        self._metadata = {
            name: ScannerMetadata([scan.hits for scan in of]) for name, of in by_scanner.items()
        }
        self._rows = _rows_by_scanner([scan for _, scan in found])

    def values(self) -> dict[str, ScannerValues]:
        """Return what each scanner said of its hits, but for those that said nothing."""
        given = {name: one for name, one in self._metadata.items() if not one.is_empty()}
        return {name: self._values(name, one) for name, one in given.items()}

    def texts(self, rows: pl.Series) -> pl.Series:
        """Return what was said of some of the hits, as JSON; null where nothing was."""
        texts = self._of_scanners(rows, ScannerMetadata.texts)
        return texts.set(texts == _NOTHING, None)

    def plain_texts(self, rows: pl.Series) -> pl.Series:
        """Return what was said of some of the hits, as people read it; null where nothing was."""
        return self._of_scanners(rows, ScannerMetadata.plain_texts)

    def csv_frame(self) -> pl.DataFrame:
        """Return the rows of ``hits.csv``."""
        rows = pl.Series(np.arange(self.frame.height), dtype=pl.UInt32)
        return hits_csv_frame(
            self.frame[HITS_SCHEMA.names()], self.texts(rows).fill_null(_NOTHING), self._zone
        )

    def _of_scanners(self, rows: pl.Series, texts_of: TextsOf) -> pl.Series:
        """Return the texts of some of the hits, given those of a scanner's, by their numbers."""
        wanted = rows.to_numpy()
        texts, places = [pl.Series(dtype=pl.String)], [np.zeros(0, np.int64)]
        for name, of_scanner in self._rows.items():
            number = np.searchsorted(of_scanner, wanted)
            found = np.flatnonzero(np.append(of_scanner, -1)[number] == wanted)
            texts.append(texts_of(self._metadata[name], pl.Series(number[found], dtype=pl.UInt32)))
            places.append(found)
        return pl.concat(texts)[np.argsort(np.concatenate(places))].rename("text")

    def _values(self, scanner: str, metadata: ScannerMetadata) -> ScannerValues:
        keys = self.frame[list(_KEYS)][self._rows[scanner]]
        columns, notes = metadata.stored
        return ScannerValues(keys.hstack(columns), notes)


def hits_frame(session: Session, scans: Sequence[ScanFinished]) -> pl.DataFrame:
    """Every symbol returned at every scan of a session, as in ``hits.csv``."""
    return SessionHits(session, scans).csv_frame()


def scans_csv(
    session: Session, scans: Sequence[ScanFinished], changes: Sequence[Changes] | None = None
) -> str:
    """Return the rows of ``scans.csv``, one per scan due in a session, by time and scanner.

    Parameters
    ----------
    changes
        Who entered and who left with each scan; None finds that.
    """
    found = _changes(scans) if changes is None else changes
    ordered = sorted(zip(scans, found, strict=True), key=lambda row: _scan_key(row[0]))
    return csv_text(_scan_row(session, scan, *change) for scan, change in ordered)


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
    known = sorted((event for event in done if event.unknown.symbols), key=lambda event: event.scanner)
    frames = [_unknown_of(session, event) for event in known]  # each by symbol and time
    return pl.concat(frames) if frames else pl.DataFrame(schema=UNKNOWN_SCHEMA)


def _order(found: tuple[int, ScanFinished]) -> tuple[int, int, str]:
    """Return the sort key of a scan's hits."""
    return _scan_key(found[1])


def _scan_key(scan: ScanFinished) -> tuple[int, int, str]:
    return scan.at, PHASES.index(scan.phase.value), scan.scanner


def _hits_frame(session: Session, found: Sequence[tuple[int, ScanFinished]]) -> pl.DataFrame:
    """Return the hits of scans one after another."""
    if not found:
        return pl.DataFrame(schema={**HITS_SCHEMA, "scan": pl.UInt32()})
    return pl.DataFrame([one.alias(name) for name, one in _hit_columns(session, found).items()])


def _hit_columns(session: Session, found: Sequence[tuple[int, ScanFinished]]) -> dict[str, pl.Series]:
    """The columns of ``hits``, and ``scan``."""
    scans = [scan for _, scan in found]
    counts = [len(scan.hits.symbols) for scan in scans]
    total = sum(counts)
    starts = np.repeat(np.cumsum([0, *counts[:-1]]), counts)
    ends = np.concatenate([scan.hits.last_bar_end for scan in scans])
    of_scan = _scan_columns(found)[pl.Series(np.repeat(np.arange(len(scans)), counts), dtype=pl.UInt32)]
    return {
        "session": _repeated(session.date, total, pl.Date()),
        "scan_at": of_scan["scan_at"],
        "scanner": of_scan["scanner"],
        "phase": of_scan["phase"],
        "symbol": pl.Series(list(chain.from_iterable(scan.hits.symbols for scan in scans)), dtype=pl.String),
        "rank": pl.Series((np.arange(1, total + 1) - starts).astype(np.int32)),
        "new": pl.Series(np.concatenate([scan.hits.new for scan in scans])),
        **{name: _reading(scans, name) for name in _READINGS},
        "last_bar_end": pl.Series(ends, nan_to_null=True).cast(pl.Int64).cast(INSTANT),
        "decided_at": of_scan["decided_at"],
        "scan": of_scan["scan"],
    }


def _scan_columns(found: Sequence[tuple[int, ScanFinished]]) -> pl.DataFrame:
    """What the hits of a scan have in common, one row per scan."""
    return pl.DataFrame(
        {
            "scan_at": _instants([scan.at for _, scan in found]),
            "scanner": pl.Series([scan.scanner for _, scan in found], dtype=pl.String),
            "phase": pl.Series([scan.phase.value for _, scan in found], dtype=pl.String),
            "decided_at": _instants([scan.decided_at for _, scan in found]),
            "scan": pl.Series([number for number, _ in found], dtype=pl.UInt32),
        }
    )


def _repeated(value: Any, count: int, kind: pl.DataType) -> pl.Series:
    return pl.Series([value], dtype=kind).new_from_index(0, count)


def _instants(values: Sequence[Instant]) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).cast(INSTANT)


def _reading(scans: Sequence[ScanFinished], name: str) -> pl.Series:
    values = np.concatenate([getattr(scan.hits, name) for scan in scans])
    return pl.Series(values, dtype=pl.Float64, nan_to_null=True)


def _rows_by_scanner(scans: Sequence[ScanFinished]) -> dict[str, NDArray[np.int64]]:
    """Return the rows of each scanner's hits, given those scans one after another."""
    bounds = np.cumsum([0, *(len(scan.hits.symbols) for scan in scans)])
    parts: dict[str, list[NDArray[np.int64]]] = {}
    for scan, first, stop in zip(scans, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        parts.setdefault(scan.scanner, []).append(np.arange(first, stop))
    return {name: np.concatenate(rows) for name, rows in parts.items()}


def _by_scanner(scans: Iterable[ScanFinished]) -> dict[str, list[ScanFinished]]:
    found: dict[str, list[ScanFinished]] = {}
    for scan in scans:
        found.setdefault(scan.scanner, []).append(scan)
    return found


def _changes(scans: Iterable[ScanFinished]) -> list[Changes]:
    """Return who entered and who left with each scan."""
    lists = ListChanges()
    return [lists.update(scan.scanner, scan.hits.symbols, is_ok=scan.outcome.is_ok) for scan in scans]


def _scan_row(session: Session, scan: ScanFinished, entered: Symbols, left: Symbols) -> tuple[Any, ...]:
    return (
        session.date.isoformat(),
        to_iso(scan.at),
        scan.scanner,
        scan.phase.value,
        scan.outcome.value,
        scan.universe,
        scan.judged,
        scan.unknown,
        len(scan.hits.symbols),
        int(np.count_nonzero(scan.hits.new)),
        round(scan.execution_time_ms, 3),
        scan.error,
        len(entered),
        len(left),
        to_iso(scan.decided_at),
    )


def _unknown_of(session: Session, event: ScannerDone) -> pl.DataFrame:
    unknown = event.unknown
    count = len(unknown.symbols)
    columns = {
        "session": _repeated(session.date, count, pl.Date()),
        "scanner": _repeated(event.scanner, count, pl.String()),
        "phase": pl.Series(unknown.phases, dtype=pl.String),
        "symbol": pl.Series(unknown.symbols, dtype=pl.String),
        "reason": pl.Series(unknown.reasons, dtype=pl.String),
        "from": pl.Series(unknown.first_at).cast(INSTANT),
        "to": pl.Series(unknown.last_at).cast(INSTANT),
        "scans": pl.Series(unknown.scans, dtype=pl.Int64),
    }
    return pl.DataFrame([one.alias(name) for name, one in columns.items()])
