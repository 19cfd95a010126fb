"""Events as tables: the frames behind ``hits.csv``, ``scans.csv`` and ``unknown.csv``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.events.session import Hits, ScanFinished, ScannerDone
from symscan.model.hit_metadata import SYMBOL, FrameMetadata
from symscan.model.instant import to_iso
from symscan.model.session import Session

HITS_SCHEMA: Final = pl.Schema(
    {
        "session": pl.String(),
        "scan_at": pl.String(),
        "scan_at_local": pl.String(),
        "scanner": pl.String(),
        "phase": pl.String(),
        "symbol": pl.String(),
        "rank": pl.Int64(),
        "new": pl.Boolean(),
        "price": pl.Float64(),
        "previous_close": pl.Float64(),
        "change_pct": pl.Float64(),
        "gap_pct": pl.Float64(),
        "volume": pl.Float64(),
        "last_bar_end": pl.String(),
        "metadata": pl.String(),
    }
)
"""Columns of ``hits.csv``; prices as traded, ``_pct`` in percent, volume in shares, instants ISO 8601."""

SCANS_SCHEMA: Final = pl.Schema(
    {
        "session": pl.String(),
        "scan_at": pl.String(),
        "scanner": pl.String(),
        "phase": pl.String(),
        "outcome": pl.String(),
        "universe": pl.Int64(),
        "judged": pl.Int64(),
        "unknown": pl.Int64(),
        "found": pl.Int64(),
        "new": pl.Int64(),
        "execution_time_ms": pl.Float64(),
        "error": pl.String(),
    }
)
"""Columns of ``scans.csv``: one row per scan due."""

UNKNOWN_SCHEMA: Final = pl.Schema(
    {
        "session": pl.String(),
        "scanner": pl.String(),
        "symbol": pl.String(),
        "reason": pl.String(),
        "first_at": pl.String(),
        "last_at": pl.String(),
        "scans": pl.Int64(),
    }
)
"""Columns of ``unknown.csv``: who could not be judged, why, since when, until when, in how many scans."""


def hits_frame(session: Session, scans: Iterable[ScanFinished]) -> pl.DataFrame:
    """Every symbol returned at every scan of a session, by time, scanner, rank and symbol."""
    found = [scan for scan in scans if scan.hits.symbols]
    if not found:
        return pl.DataFrame(schema=HITS_SCHEMA)
    frame = pl.DataFrame([column.alias(name) for name, column in _hit_columns(session, found)])
    return frame.sort("scan_at", "scanner", "rank", "symbol", "phase", maintain_order=True)


def scans_frame(session: Session, scans: Sequence[ScanFinished]) -> pl.DataFrame:
    """One row per scan due in a session, by time and scanner."""
    rows = [
        (
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
        )
        for scan in scans
    ]
    frame = pl.DataFrame(rows, schema=SCANS_SCHEMA, orient="row")
    return frame.sort("scan_at", "scanner", "phase", maintain_order=True)


def unknown_frame(session: Session, done: Iterable[ScannerDone]) -> pl.DataFrame:
    """Who could not be judged in a session, by scanner, symbol and reason."""
    frames = [_unknown_of(session, event) for event in done if event.unknown.symbols]
    found = pl.concat(frames) if frames else pl.DataFrame(schema=UNKNOWN_SCHEMA)
    return found.sort("scanner", "symbol", "reason")


def _unknown_of(session: Session, event: ScannerDone) -> pl.DataFrame:
    unknown = event.unknown
    columns = {
        "session": [session.date.isoformat()] * len(unknown.symbols),
        "scanner": [event.scanner] * len(unknown.symbols),
        "symbol": unknown.symbols,
        "reason": unknown.reasons,
        "first_at": _iso_column(unknown.first_at),
        "last_at": _iso_column(unknown.last_at),
        "scans": unknown.scans,
    }
    return pl.DataFrame(columns, schema=UNKNOWN_SCHEMA)


def _hit_columns(session: Session, scans: Sequence[ScanFinished]) -> Iterator[tuple[str, pl.Series]]:
    """The columns of ``hits.csv``, all scans of a session one after another."""
    counts = [len(scan.hits.symbols) for scan in scans]
    yield "session", _repeated([session.date.isoformat()], [sum(counts)])
    yield "scan_at", _repeated([to_iso(scan.at) for scan in scans], counts)
    yield "scan_at_local", _repeated([session.local(scan.at).isoformat() for scan in scans], counts)
    yield "scanner", _repeated([scan.scanner for scan in scans], counts)
    yield "phase", _repeated([scan.phase.value for scan in scans], counts)
    yield "symbol", pl.Series([symbol for scan in scans for symbol in scan.hits.symbols], dtype=pl.String)
    yield "rank", pl.Series(np.concatenate([np.arange(1, count + 1) for count in counts]))
    yield "new", pl.Series(np.concatenate([scan.hits.new for scan in scans]))
    for name in ("price", "previous_close", "change_pct", "gap_pct", "volume"):
        values = np.concatenate([getattr(scan.hits, name) for scan in scans])
        yield name, pl.Series(values, nan_to_null=True)
    ends = np.concatenate([scan.hits.last_bar_end for scan in scans])
    yield "last_bar_end", pl.Series(_iso_column(ends), dtype=pl.String)
    yield "metadata", pl.concat([_metadata_column(scan.hits) for scan in scans])


def _repeated(values: Sequence[str], counts: Sequence[int]) -> pl.Series:
    return pl.Series(values, dtype=pl.String).repeat_by(pl.Series(counts)).explode()


def _iso_column(instants: NDArray[Any]) -> list[str | None]:
    known = {end: to_iso(int(end)) for end in np.unique(instants).tolist() if end == end}
    return [known.get(end) for end in instants.tolist()]


def _metadata_column(hits: Hits) -> pl.Series:
    """Each hit's metadata as JSON."""
    if isinstance(hits.metadata, FrameMetadata):
        values = hits.metadata.frame.select(pl.exclude(SYMBOL))
        if values.width:
            # As in the journal; polars would write +00:00.
            values = values.with_columns(pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
            return values.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    if not hits.metadata or isinstance(hits.metadata, FrameMetadata):
        return pl.repeat("{}", len(hits.symbols), dtype=pl.String, eager=True)
    texts = [json.dumps(hits.metadata.get(symbol, {}), ensure_ascii=False) for symbol in hits.symbols]
    return pl.Series(texts, dtype=pl.String)
