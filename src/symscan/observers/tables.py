"""Events as tables: the frames behind ``hits.csv``, ``scans.csv`` and ``unknown.csv``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.events import ScanFinished, ScannerDone
from symscan.model.instant import to_iso
from symscan.model.metadata import SYMBOL, FrameMetadata
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
    frames = [_hits_of(session, scan) for scan in scans if scan.hits.symbols]
    found = pl.concat(frames) if frames else pl.DataFrame(schema=HITS_SCHEMA)
    return found.sort("scan_at", "scanner", "rank", "symbol", "phase", maintain_order=True)


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


def _hits_of(session: Session, scan: ScanFinished) -> pl.DataFrame:
    hits = scan.hits
    count = len(hits.symbols)
    constant = {
        "session": session.date.isoformat(),
        "scan_at": to_iso(scan.at),
        "scan_at_local": session.local(scan.at).isoformat(),
        "scanner": scan.scanner,
        "phase": scan.phase.value,
    }
    return pl.DataFrame(
        {
            **{
                name: pl.repeat(value, count, dtype=pl.String, eager=True) for name, value in constant.items()
            },
            "symbol": hits.symbols,
            "rank": np.arange(1, count + 1),
            "new": hits.new,
            "price": hits.price,
            "previous_close": hits.previous_close,
            "change_pct": hits.change_pct,
            "gap_pct": hits.gap_pct,
            "volume": hits.volume,
            "last_bar_end": _iso_column(hits.last_bar_end),
            "metadata": _metadata_column(hits.symbols, hits.metadata),
        },
        schema=HITS_SCHEMA,
        nan_to_null=True,
    )


def _iso_column(instants: NDArray[Any]) -> list[str | None]:
    known = {end: to_iso(int(end)) for end in np.unique(instants).tolist() if end == end}
    return [known.get(end) for end in instants.tolist()]


def _metadata_column(symbols: Sequence[str], metadata: Mapping[str, Any]) -> pl.Series:
    if isinstance(metadata, FrameMetadata):
        values = metadata.frame.select(pl.exclude(SYMBOL))
        instants = pl.selectors.datetime()
        values = values.with_columns(instants.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return (
            values.select(pl.struct(pl.all()).struct.json_encode()).to_series()
            if values.width
            else _empty(symbols)
        )
    return pl.Series(
        [json.dumps(metadata.get(symbol, {}), default=_iso) for symbol in symbols], dtype=pl.String
    )


def _empty(symbols: Sequence[str]) -> pl.Series:
    return pl.Series(["{}"] * len(symbols), dtype=pl.String)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is nothing JSON can hold")
