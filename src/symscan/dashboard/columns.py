"""Frames as JSON by columns: instants as seconds since 1970, unknown as null."""

from __future__ import annotations

from typing import Any, Final

import orjson
import polars as pl

from symscan.runs.schemas import INSTANT

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS


def by_columns(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """Return a frame's columns as lists."""
    return {series.name: _values(series) for series in frame.get_columns()}


def seconds(instant: int | None) -> float | int | None:
    """Return an instant in seconds."""
    if instant is None:
        return None
    return instant // 1_000_000 if instant % 1_000_000 == 0 else instant / 1_000_000


def as_json(answer: Any) -> bytes:
    """Return an answer as JSON; NaN is null."""
    return orjson.dumps(answer, option=_OPTIONS)


def _values(series: pl.Series) -> list[Any]:
    if series.dtype == INSTANT:
        instants = series.cast(pl.Int64)
        if (instants % 1_000_000 == 0).all():
            return (instants // 1_000_000).to_list()
        return (instants / 1_000_000).to_list()
    if series.dtype == pl.Date():
        return series.cast(pl.String).to_list()
    return series.to_list()
