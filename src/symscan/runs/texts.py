"""Instants and tables as texts: ISO 8601 as in every file of a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.model.instant import to_datetime, to_iso
from symscan.runs.schemas import INSTANT

_DAY_ZERO: Final = date(1970, 1, 1).toordinal()


def with_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its dates and instants as ISO 8601."""
    return pl.DataFrame([_as_text(one) for one in frame.get_columns()])


def iso_texts(instants: pl.Series) -> pl.Series:
    """Return instants as ISO 8601 in UTC, with a fraction only where there is one."""
    return _mapped(instants.cast(pl.Int64), to_iso)


def clock_texts(instants: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Return instants on the exchange's clock: ``09:35``, with seconds only where there are some."""
    return _mapped(instants.cast(pl.Int64), lambda at: _clock(to_datetime(at).astimezone(zone)))


def _clock(moment: datetime) -> str:
    is_whole = not moment.second and not moment.microsecond
    return f"{moment:%H:%M}" if is_whole else moment.time().isoformat()


def _as_text(series: pl.Series) -> pl.Series:
    if series.dtype == INSTANT:
        return iso_texts(series)
    return _mapped(series.cast(pl.Int32), _iso_date) if series.dtype == pl.Date() else series


def _iso_date(day: int) -> str:
    """Return the date of a day since 1970."""
    return date.fromordinal(_DAY_ZERO + day).isoformat()


def _mapped(series: pl.Series, text: Callable[[Any], str]) -> pl.Series:
    """Return the text of each value, made once for each that differs: there are few."""
    values = series.to_list()
    texts = {value: None if value is None else text(value) for value in set(values)}
    return pl.Series(series.name, [texts[value] for value in values], pl.String)


def csv_rows(frame: pl.DataFrame) -> str:
    """Return a frame's rows as CSV, without a header."""
    return with_texts(frame).write_csv(include_header=False)


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows of texts and numbers as CSV: of few rows, faster than a frame of them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def csv_header(columns: tuple[str, ...] | list[str]) -> str:
    """Return the header of a CSV file."""
    return ",".join(columns) + "\n"
