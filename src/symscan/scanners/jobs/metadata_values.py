"""Convert a hit's metadata to values JSON can hold; an error names the key of what it cannot."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import numpy as np


def plain_value(value: object, key: str) -> Any:
    """Convert a value to one JSON can hold: numbers that are not finite are null, dates ISO 8601.

    Parameters
    ----------
    value
        Any value of a scanner's, NumPy's scalars too.
    key
        Its path, ``levels[2].price``.

    Raises
    ------
    ValueError
        If JSON cannot hold it; the message names the key.
    RecursionError
        If it contains itself.
    """
    match value:
        case None | bool():
            return value
        case str():
            return _writable(str(value), key)
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {plain_key(name): plain_value(one, f"{key}.{name}") for name, one in value.items()}
        case list() | tuple():
            return [plain_value(one, f"{key}[{index}]") for index, one in enumerate(value)]
        case datetime() | date() | time():
            return _iso(value)
        case np.datetime64():
            return _iso(value.astype("datetime64[us]").item() if _has_time(value) else value.item())
        case np.timedelta64():  # an integer to NumPy
            pass
        case np.bool_() | np.integer() | np.floating():
            return plain_value(value.item(), key)
    raise ValueError(
        f"'{key}' is a {type(value).__name__}; "
        "give text, numbers, true or false, dates, None, or lists and mappings of them"
    )


def plain_key(key: object) -> str:
    """Convert a key to one JSON can hold: text; numbers, true, false and None as JSON writes them.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    key = key.item() if isinstance(key, np.generic) else key
    if isinstance(key, str):
        return _writable(str(key), key)
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise ValueError(f"the key {key!r} is a {type(key).__name__}; give a text")


def _writable(text: str, key: str) -> str:
    """The text; it may hold half a character, which no file takes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{key!r} holds half a character: {error}") from None
    return text


def _iso(value: datetime | date | time | None) -> str | None:
    """ISO 8601, UTC as ``Z``; None for what is no time, which differs from itself."""
    if value is None or value != value:
        return None
    return value.isoformat().replace("+00:00", "Z")


def _has_time(value: np.datetime64) -> bool:
    """Whether it is finer than a day."""
    return np.datetime_data(value.dtype)[0] not in ("Y", "M", "W", "D")
