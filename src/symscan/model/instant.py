"""Instants: UTC microseconds since the epoch, the physical form of polars' ``Datetime("us", "UTC")``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Instant = int
"""A point in time, UTC microseconds since 1970-01-01."""

SECOND = 1_000_000
MINUTE = 60 * SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(instant: Instant) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime.

    Raises
    ------
    ValueError
        If the datetime has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def to_iso(instant: Instant) -> str:
    """The instant as ISO 8601 in UTC: ``2018-02-20T14:35:00Z``."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
