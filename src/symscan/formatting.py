"""Numbers for people; files for programs hold exact values instead."""

from __future__ import annotations

_UNKNOWN = "unknown"


def format_number(value: float | None, form: str, unit: str = "") -> str:
    """The number in a format such as ``+.2f``; one that rounds to zero has no sign."""
    if value is None or value != value:
        return _UNKNOWN
    text = f"{value:{form}}"
    return (text if text.strip("+-0.,") else text.lstrip("+-")) + unit


def format_price(price: float | None) -> str:
    """The price with two decimals, below one dollar with four: cents tell little of it."""
    return format_number(price, ",.2f" if price is None or abs(price) >= 1.0 else ",.4f")
