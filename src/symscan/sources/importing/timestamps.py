"""Parse the time cells of rows to instants, or to dates for daily bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from symscan.errors import DataError
from symscan.sources.importing.columns import DATE, TIME, TIMESTAMP

_OFFSET: Final = r"(?::\d\d|\d{6}|\.\d+) ?(Z|UTC|[+-]\d\d:?\d\d)$"
"""A zone at the end of a time of day."""

_DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y")
_TIMES: Final = ("%H:%M:%S%.f", "%H:%M", "%H%M%S", "%H%M", "%I:%M:%S %p", "%I:%M %p")
_MOMENTS: Final = (*(f"{day} {time}" for day in _DAYS for time in _TIMES), "%Y%m%d%H%M%S", "%Y%m%d%H%M")
_SAMPLE_ROWS: Final = 100

_EPOCHS: Final = {"s": 10**9, "ms": 10**12, "us": 10**15, "ns": 10**18}
"""Today's epochs by order of magnitude; taken from a third (1980) to nine times of it (2255)."""

_MICROSECONDS: Final = {"s": 1_000_000, "ms": 1_000, "us": 1}

WHEN: Final = "when"
"""The column of instants as int UTC microseconds, or of dates."""


def read_instants(cells: pl.DataFrame, timezone: str | None, time_format: str | None) -> pl.Series:
    """Parse the instant of each row, as Datetime in UTC; null where its cells hold none.

    Parameters
    ----------
    cells
        Has ``timestamp``, or ``date`` and ``time``; text, numbers or times.
    timezone
        The zone of times that carry none.
    time_format
        The form of text that is not recognised.

    Raises
    ------
    DataError
        If a zone is needed, or the form is not recognised or ambiguous.
    """
    if isinstance(cells.schema.get(TIMESTAMP), pl.Datetime):
        return _to_utc(cells[TIMESTAMP], timezone)
    text = _as_text(cells)
    epochs = None if time_format else _read_epochs(text)
    if epochs is not None:
        return epochs
    if _has_offsets(text, time_format):
        text = text.str.replace(r"UTC$", "Z").str.replace(r" (Z|[+-]\d\d:?\d\d)$", "$1")
        return _parse(text, _forms(time_format, _MOMENTS), offset="%#z")
    return _to_utc(_parse(text, _forms(time_format, _MOMENTS)), timezone)


def read_dates(cells: pl.DataFrame, time_format: str | None) -> pl.Series:
    """Parse the date of each row, without time zone conversion; null where its cells hold none.

    Raises
    ------
    DataError
        If the form is not recognised or ambiguous.
    """
    written = cells.schema.get(TIMESTAMP)
    if written == pl.Date:
        return cells[TIMESTAMP]
    if isinstance(written, pl.Datetime):
        return _only_dates(cells[TIMESTAMP].dt.replace_time_zone(None))
    text = _as_text(cells)
    epochs = None if time_format else _read_epochs(text)
    if epochs is not None:
        return _only_dates(epochs.dt.replace_time_zone(None))
    if _has_offsets(text, time_format):
        text = text.str.replace(r" ?(Z|UTC|[+-]\d\d:?\d\d)$", "")
    return _only_dates(_parse(text, _forms(time_format, (*_DAYS, *_MOMENTS))))


def _only_dates(moments: pl.Series) -> pl.Series:
    """The dates of moments at midnight; null for others, which are instants."""
    return pl.select(pl.when(moments.dt.time() == pl.time(0)).then(moments.dt.date())).to_series()


def _to_utc(moments: pl.Series, timezone: str | None) -> pl.Series:
    moments = moments.dt.cast_time_unit("us")
    if moments.dtype.time_zone is not None:  # type: ignore[attr-defined]
        return moments.dt.convert_time_zone("UTC")
    if timezone is None:
        raise DataError(
            "its times carry no zone; say which it is with --timezone, as in --timezone America/New_York"
        )
    local = moments.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _as_text(cells: pl.DataFrame) -> pl.Series:
    """One text per row: a date, a blank and a time, or a number."""
    if TIMESTAMP in cells.columns:
        return _plain(pl.col(TIMESTAMP), cells)
    time = _plain(pl.col(TIME), cells)
    digits = time.str.contains(r"^\d{1,6}$")
    padded = pl.when(time.str.len_bytes() <= 4).then(time.str.zfill(4)).otherwise(time.str.zfill(6))
    time = pl.select(pl.when(digits).then(padded).otherwise(time)).to_series()
    date = pl.col(DATE).cast(pl.Date) if isinstance(cells.schema[DATE], pl.Datetime) else pl.col(DATE)
    return _plain(date, cells) + " " + time


def _plain(cell: pl.Expr, cells: pl.DataFrame) -> pl.Series:
    if cells.select(cell).dtypes[0].is_float():
        cell = pl.when(cell == cell.floor()).then(cell.cast(pl.Int64, strict=False))
    text = cell.cast(pl.String).str.strip_chars().str.replace(r"^(\d{4}-?\d\d-?\d\d)T", "$1 ")
    return cells.select(text.str.replace(r"^(\d+)\.0*$", "$1")).to_series()


def _read_epochs(text: pl.Series) -> pl.Series | None:
    """Parse Unix epochs, null for other values; None if most are no epochs."""
    numbers = text.cast(pl.Int64, strict=False)
    typical = numbers.median()
    if 2 * numbers.null_count() > len(text) + text.null_count() or not isinstance(typical, float):
        return None
    for unit, today in _EPOCHS.items():
        if today // 3 <= typical < today * 9:
            numbers = pl.select(pl.when(numbers.is_between(today // 3, today * 9)).then(numbers)).to_series()
            micros = numbers // 1_000 if unit == "ns" else numbers * _MICROSECONDS[unit]
            return micros.cast(pl.Datetime("us", "UTC"))
    return None


def _has_offsets(text: pl.Series, time_format: str | None) -> bool:
    if time_format is not None:
        return False
    sample = text.drop_nulls().head(_SAMPLE_ROWS)
    return bool(len(sample)) and bool(sample.str.contains(_OFFSET).all())


def _forms(time_format: str | None, known: Sequence[str]) -> Sequence[str]:
    return known if time_format is None else (time_format,)


def _parse(text: pl.Series, forms: Sequence[str], offset: str = "") -> pl.Series:
    """Parse by the format that fits most values."""
    if text.null_count() == len(text):
        return pl.Series(text.name, [None] * len(text), pl.Datetime("us", "UTC" if offset else None))
    candidates = forms if len(forms) == 1 else _fitting(text, forms, offset)
    if not candidates:
        raise DataError(
            f"its times look like '{text.drop_nulls()[0]}'; say how to read them, as in "
            "--time-format '%Y-%m-%d %H:%M'"
        )
    parsed = [_try(text, form, offset) for form in candidates]
    fewest = min(series.null_count() for series in parsed)
    best = [index for index, series in enumerate(parsed) if series.null_count() == fewest]
    if not all(parsed[best[0]].equals(parsed[other]) for other in best[1:]):
        raise DataError(
            f"its times may be {' or '.join(candidates[index] for index in best)}; choose with --time-format"
        )
    return parsed[best[0]]


def _fitting(text: pl.Series, forms: Sequence[str], offset: str) -> list[str]:
    """Return the formats that fit at least half of the first rows."""
    sample = text.drop_nulls().head(_SAMPLE_ROWS)
    enough = len(sample) // 2
    return [form for form in forms if len(sample) and _try(sample, form, offset).null_count() <= enough]


def _try(text: pl.Series, form: str, offset: str) -> pl.Series:
    zone = "UTC" if offset else None
    if "%H" not in form and "%I" not in form:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return text.str.to_datetime(form + offset, strict=False, time_unit="us", time_zone=zone)
