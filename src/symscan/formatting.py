"""Format numbers, counts and lists for people; files for programs hold exact values instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_UNKNOWN = "unknown"
_MOST_NAMED: Final = 5


def format_number(value: float | None, form: str, unit: str = "") -> str:
    """The number in a format such as ``+.2f``; one that rounds to zero has no sign."""
    if value is None or value != value:
        return _UNKNOWN
    text = f"{value:{form}}"
    return (text if text.strip("+-0.,") else text.lstrip("+-")) + unit


def none_if_unknown(value: float) -> float | None:
    """The number, None where it is NaN: in files unknown is null."""
    return value if value == value else None


def format_price(price: float | None) -> str:
    """The price with two decimals, below one dollar with four: cents tell little of it."""
    return format_number(price, ",.2f" if price is None or abs(price) >= 1.0 else ",.4f")


def format_count(count: int, thing: str) -> str:
    """The count with its noun: ``1 bar``, ``1,200 bars``."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def format_names(names: Sequence[str], count: int = 0, most: int = _MOST_NAMED) -> str:
    """The first names and how many more there are; ``count`` where only some of them are given."""
    more = max(count, len(names)) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def printable(text: str) -> str:
    """The text with a sign for every character that is not shown: none moves a cursor or breaks a line."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "�" for one in text)
