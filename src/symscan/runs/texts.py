"""Instants and tables as texts: ISO 8601 as in every file of a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from symscan.model.instant import to_iso
from symscan.runs.schemas import INSTANT


def with_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its dates and instants as ISO 8601."""
    return pl.DataFrame([_as_text(one) for one in frame.get_columns()])


def iso_texts(instants: pl.Series) -> pl.Series:
    """Return instants as ISO 8601 in UTC, with a fraction only where there is one."""
    return _mapped(instants.cast(pl.Int64), to_iso)


def _as_text(series: pl.Series) -> pl.Series:
    if series.dtype == INSTANT:
        return iso_texts(series)
    return _mapped(series, date.isoformat) if series.dtype == pl.Date() else series


def _mapped(series: pl.Series, text: Callable[[Any], str]) -> pl.Series:
    """Return the text of each value, made once for each that differs: there are few."""
    values = series.to_list()
    texts = {value: None if value is None else text(value) for value in set(values)}
    return pl.Series(series.name, [texts[value] for value in values], pl.String)


def csv_rows(frame: pl.DataFrame) -> str:
    """Return a frame's rows as CSV, without a header."""
    return with_texts(frame).write_csv(include_header=False)


def csv_header(columns: tuple[str, ...] | list[str]) -> str:
    """Return the header of a CSV file."""
    return ",".join(columns) + "\n"
