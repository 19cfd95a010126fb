"""The values of hits that rules read: readings, and what the scanner keeps with each hit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.model.bar import Rows
from symscan.model.events.session import Hits
from symscan.model.hit_metadata import FrameMetadata
from symscan.scanners.screens.language.names import dtype_of
from symscan.scanners.screens.language.terms import Kind

Kinds = Mapping[str, Kind]

RANK: Final = "rank"
_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume")

EVERY_HIT: Final[Kinds] = dict.fromkeys((*_READINGS, RANK), Kind.NUMBER)
"""What is known of the hits of any scanner."""


def values_frame(hits: Hits, rows: Rows, kinds: Kinds) -> pl.DataFrame:
    """Return a column for each name, one row per hit; null where unknown, or of another kind.

    Parameters
    ----------
    rows
        Which of the hits.
    kinds
        The names, and what their values are.
    """
    columns = {name: _column(name, hits, rows, kind) for name, kind in kinds.items()}
    return pl.DataFrame(columns, height=len(rows))


def _column(name: str, hits: Hits, rows: Rows, kind: Kind) -> pl.Series:
    if name == RANK:
        return pl.Series(name, rows + 1.0)
    if name in _READINGS:
        return pl.Series(name, getattr(hits, name)[rows], nan_to_null=True)
    dtype = dtype_of(kind)
    metadata = hits.metadata
    if isinstance(metadata, FrameMetadata):
        if name not in metadata.frame.columns:
            return pl.Series(name, [None] * len(rows), dtype)
        return _of_kind(metadata.frame[name][rows], kind)
    values = [_value_of(metadata, hits.symbols[row], name) for row in rows.tolist()]
    return pl.Series(name, [value if _is_of(value, kind) else None for value in values], dtype, strict=False)


def _value_of(metadata: Mapping[str, Any], symbol: str, name: str) -> Any:
    values = metadata.get(symbol)
    return values.get(name) if isinstance(values, Mapping) else None


def _is_of(value: object, kind: Kind) -> bool:
    match kind:
        case Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Kind.TRUTH:
            return isinstance(value, bool)
        case Kind.INSTANT:
            return isinstance(value, datetime)
    return isinstance(value, str)


def _of_kind(series: pl.Series, kind: Kind) -> pl.Series:
    is_number = series.dtype.is_numeric() and kind is Kind.NUMBER
    if is_number:
        values = series.cast(pl.Float64).to_numpy()
        return pl.Series(series.name, np.where(np.isfinite(values), values, np.nan), nan_to_null=True)
    if series.dtype == dtype_of(kind):
        return series
    return pl.Series(series.name, [None] * len(series), dtype_of(kind))


def value_of(hits: Hits, row: int, name: str) -> float | str | None:
    """Return a value of one hit as a message shows it: a number, a text, or None where it is unknown."""
    if name == RANK:
        return row + 1.0
    if name in _READINGS:
        number = float(getattr(hits, name)[row])
        return number if number == number else None
    return _plain(_value_of(hits.metadata, hits.symbols[row], name))


def _plain(value: Any) -> float | str | None:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return float(value) if np.isfinite(value) else None
        case str():
            return value
        case datetime() | date():
            return value.isoformat()
    return None
