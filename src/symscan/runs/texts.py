"""Instants and tables as texts: ISO 8601 as in every file of a run."""

from __future__ import annotations

from typing import Final

import polars as pl

from symscan.model.instant import to_iso
from symscan.runs.schemas import INSTANT

_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


def with_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its dates and instants as ISO 8601."""
    instants = [name for name, kind in frame.schema.items() if kind == INSTANT]
    dates = [name for name, kind in frame.schema.items() if kind == pl.Date()]
    return frame.with_columns(
        *(iso_texts(frame[name]) for name in instants),
        *(pl.col(name).dt.to_string("%Y-%m-%d") for name in dates),
    )


def iso_texts(instants: pl.Series) -> pl.Series:
    """Return instants as ISO 8601 in UTC, with a fraction only where there is one."""
    physical = instants.to_physical()
    if (physical % 1_000_000 == 0).all():
        return instants.dt.to_string(_ISO)
    known = physical.drop_nulls().unique()
    texts = pl.Series([to_iso(one) for one in known.to_list()], dtype=pl.String)
    return physical.replace_strict(known, texts, default=None, return_dtype=pl.String).alias(instants.name)


def csv_rows(frame: pl.DataFrame) -> str:
    """Return a frame's rows as CSV, without a header."""
    return with_texts(frame).write_csv(include_header=False)


def csv_header(columns: tuple[str, ...] | list[str]) -> str:
    """Return the header of a CSV file."""
    return ",".join(columns) + "\n"
