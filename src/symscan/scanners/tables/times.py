"""Parse since when rows are known: a date, or a time with its zone."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

_DATE: Final = r"^\d{4}-\d{2}-\d{2}$"
_TIME: Final = (
    r"^(?<day>\d{4}-\d{2}-\d{2})[T ](?<minute>\d{2}:\d{2})(?<second>:\d{2}(?:\.\d{1,6})?)?"
    r" ?(?<offset>Z|[+-]\d{2}:?\d{2})?$"
)
_UTC: Final = pl.Datetime("us", "UTC")


def known_since(texts: pl.Series, zone: str | None, exchange: ZoneInfo) -> pl.Series:
    """Return the instants since which rows are known, UTC microseconds, null where a text is not a time.

    A bare date counts from the midnight after it, so from the next session. A time without an offset is
    on the clock of ``zone``; where the clock shows it twice, it is the later one.

    Parameters
    ----------
    texts
        ``2018-03-01``, ``2018-03-01 16:30``, ``2018-03-01T21:30:00Z``, ``2018-03-01T16:30:00-05:00``.
    zone
        Of times without an offset; None: they are null.
    exchange
        The exchange's time zone, whose midnight it is.
    """
    text = pl.col("text")
    parts = text.str.extract_groups(_TIME).struct
    second = parts.field("second").fill_null(":00")
    clock = pl.concat_str(parts.field("day"), pl.lit("T"), parts.field("minute"), second)
    local = clock.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    given = local - _offset(parts.field("offset"))
    there = pl.lit(None, _UTC)
    if zone is not None:
        there = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
        there = there.dt.convert_time_zone("UTC")
    has_offset = parts.field("offset").is_not_null()
    timed = pl.when(has_offset).then(given.dt.replace_time_zone("UTC")).otherwise(there)
    day = pl.when(text.str.contains(_DATE)).then(text).str.to_date("%Y-%m-%d", strict=False)
    frame = texts.to_frame("text").select(pl.coalesce(_midnight_after(day, exchange), timed).cast(_UTC))
    return frame.to_series().to_physical()


def has_time_without_zone(text: str) -> bool:
    """Whether a text is a time that needs a zone."""
    matched = pl.Series([text]).str.extract_groups(_TIME).struct.unnest()
    return matched["day"][0] is not None and matched["offset"][0] is None


def _offset(offset: pl.Expr) -> pl.Expr:
    """Return what a clock's offset is ahead of UTC."""
    digits = offset.str.replace_all(r"[^\d]", "")
    minutes = digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60
    minutes += digits.str.slice(2, 2).cast(pl.Int64, strict=False)
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    return pl.duration(minutes=(minutes * sign).fill_null(0))


def _midnight_after(day: pl.Expr, exchange: ZoneInfo) -> pl.Expr:
    """Return the first instant of the next day; where clocks leave out midnight, that is 01:00."""
    start = day.dt.offset_by("1d").cast(pl.Datetime("us"))
    at = [
        (start + pl.duration(hours=hour)).dt.replace_time_zone(
            exchange.key, ambiguous="earliest", non_existent="null"
        )
        for hour in (0, 1)
    ]
    return pl.coalesce(at).dt.convert_time_zone("UTC")
