"""The columns of a run's tables: as Parquet and in memory, and as the texts of its CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

INSTANT: Final = pl.Datetime("us", "UTC")
"""An instant in a table."""

PHASES: Final = ("pre_session", "regular", "at_close")
"""What scans are due for, in the order of scans of one instant."""

PHASE_PLACE: Final = pl.col("phase").replace_strict(PHASES, range(len(PHASES)), return_dtype=pl.Int8)
"""The place of a row's phase among those of one instant."""

_TEXT: Final = pl.String()
_NUMBER: Final = pl.Float64()

HITS_SCHEMA: Final = pl.Schema(
    {
        "session": pl.Date(),
        "scan_at": INSTANT,
        "scanner": _TEXT,
        "phase": _TEXT,
        "symbol": _TEXT,
        "rank": pl.Int32(),
        "new": pl.Boolean(),
        "price": _NUMBER,
        "previous_close": _NUMBER,
        "change_pct": _NUMBER,
        "gap_pct": _NUMBER,
        "volume": _NUMBER,
        "last_bar_end": INSTANT,
        "decided_at": INSTANT,
    }
)
"""Columns of ``hits``; prices as traded, ``_pct`` in percent, volume in shares."""

VALUES_KEYS: Final = pl.Schema({"scan_at": INSTANT, "phase": _TEXT, "rank": pl.Int32(), "symbol": _TEXT})
"""The columns of ``values`` by which its rows are those of ``hits``; the others are the scanner's."""

EPISODES_SCHEMA: Final = pl.Schema(
    {
        "session": pl.Date(),
        "scanner": _TEXT,
        "symbol": _TEXT,
        "episode": pl.Int32(),
        "new": pl.Boolean(),
        "phase": _TEXT,
        "entered": INSTANT,
        "left": INSTANT,
        "why": _TEXT,
        "scans": pl.Int32(),
        "first_rank": pl.Int32(),
        "best_rank": pl.Int32(),
        "last_rank": pl.Int32(),
        "price": _NUMBER,
        "price_end": _NUMBER,
        "highest": _NUMBER,
        "lowest": _NUMBER,
        "highest_pct": _NUMBER,
        "lowest_pct": _NUMBER,
        "values": _TEXT,
    }
)
"""Columns of ``episodes``: one row per stay of a symbol on a scanner's list."""

SCANS_SCHEMA: Final = pl.Schema(
    {
        "session": pl.Date(),
        "scan_at": INSTANT,
        "scanner": _TEXT,
        "phase": _TEXT,
        "outcome": _TEXT,
        "universe": pl.Int64(),
        "judged": pl.Int64(),
        "unknown": pl.Int64(),
        "found": pl.Int64(),
        "new": pl.Int64(),
        "execution_time_ms": _NUMBER,
        "error": _TEXT,
        "entered": pl.Int64(),
        "left": pl.Int64(),
        "decided_at": INSTANT,
    }
)
"""Columns of ``scans``: one row per scan due."""

UNKNOWN_SCHEMA: Final = pl.Schema(
    {
        "session": pl.Date(),
        "scanner": _TEXT,
        "phase": _TEXT,
        "symbol": _TEXT,
        "reason": _TEXT,
        "from": INSTANT,
        "to": INSTANT,
        "scans": pl.Int64(),
    }
)
"""Columns of ``unknown``: one row per stretch of scans of a phase in which a symbol could not be judged."""

TRADES_SCHEMA: Final = pl.Schema(
    {
        "session": pl.Date(),
        "strategy": _TEXT,
        "number": pl.Int64(),
        "symbol": _TEXT,
        "side": _TEXT,
        "decided_at": INSTANT,
        "decided_at_local": _TEXT,
        "requested": pl.Int64(),
        "shares": pl.Int64(),
        "entry_at": INSTANT,
        "entry_price": _NUMBER,
        "stop": _NUMBER,
        "target": _NUMBER,
        "exit_at": INSTANT,
        "exit_price": _NUMBER,
        "outcome": _TEXT,
        "gross": _NUMBER,
        "slippage": _NUMBER,
        "commission": _NUMBER,
        "net": _NUMBER,
        "flags": _TEXT,
        "reason": _TEXT,
        "mfe_bp": _NUMBER,
        "mae_bp": _NUMBER,
        "held_net": _NUMBER,
    }
)
"""Columns of ``trades``; fills are dated by the starts of their bars, and their prices hold slippage."""

HITS_CSV_COLUMNS: Final = (
    *("session", "scan_at", "scan_at_local", "scanner", "phase", "symbol", "rank", "new", "price"),
    *("previous_close", "change_pct", "gap_pct", "volume", "last_bar_end", "metadata", "decided_at"),
)
"""Columns of ``hits.csv``: those of ``hits``, the exchange's time, and the values as JSON."""


def as_texts(schema: pl.Schema) -> pl.Schema:
    """Return a schema with dates and instants as texts, as a CSV file holds them."""
    kinds = {name: _TEXT if _is_moment(kind) else kind for name, kind in schema.items()}
    return pl.Schema(kinds)


def parse_texts(schema: pl.Schema) -> list[pl.Expr]:
    """Return the expressions that turn the texts of a CSV file into a schema's types."""
    return [_parsed(name, kind) for name, kind in schema.items()]


def scan_table(path: Path, schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of a CSV file; a column that an earlier version did not write is null."""
    with path.open(encoding="utf-8", errors="replace") as file:  # polars says what is wrong with it
        written = file.readline().strip().split(",")
    known = pl.Schema({name: kind for name, kind in schema.items() if name in written})
    frame = pl.scan_csv(path, schema=as_texts(known), glob=False).select(parse_texts(known))
    missing = {name: pl.lit(None, kind) for name, kind in schema.items() if name not in written}
    return frame.with_columns(**missing).select(schema.names())


def _parsed(name: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Date():
        return pl.col(name).str.to_date("%Y-%m-%d")
    if kind == INSTANT:
        return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
    return pl.col(name).cast(kind)


def _is_moment(kind: pl.DataType) -> bool:
    return kind in (pl.Date(), INSTANT)
