"""Compare the hits of two scans field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from symscan.parity.journal_events import Hit

_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end")
_NEW, _METADATA = "new", "metadata"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """Fields of a hit that differ.

    Attributes
    ----------
    kind
        ``hit`` or ``reading``.
    names
        The names of the fields.
    live, backtest
        Their values on each side, formatted.
    """

    kind: str
    names: list[str]
    live: str
    backtest: str


def field_differences(live: Hit, backtest: Hit, clock: Callable[[str], str]) -> Iterator[FieldDifference]:
    """Yield where two hits of one symbol differ: whether it is new, and its readings.

    The scanner's metadata is compared only where no reading differs.

    Parameters
    ----------
    clock
        Formats an instant.
    """
    if live.new != backtest.new:
        texts = ["new" if one.new else "not new" for one in (live, backtest)]
        yield FieldDifference("hit", [_NEW], texts[0], texts[1])
    live_readings, backtest_readings = _readings(live), _readings(backtest)
    names = [name for name in _READINGS if live_readings[name] != backtest_readings[name]]
    if names:
        yield FieldDifference(
            "reading",
            names,
            *_describe(_readable(live_readings, clock), _readable(backtest_readings, clock), names),
        )
    elif live.metadata != backtest.metadata:
        yield FieldDifference("reading", [_METADATA], *_describe_metadata(live.metadata, backtest.metadata))


def _readings(hit: Hit) -> dict[str, Any]:
    return {name: getattr(hit, name) for name in _READINGS}


def _readable(readings: Mapping[str, Any], clock: Callable[[str], str]) -> dict[str, Any]:
    end = readings["last_bar_end"]
    return {**readings, "last_bar_end": None if end is None else clock(end)}


def _describe_metadata(live: Any, backtest: Any) -> tuple[str, str]:
    if not isinstance(live, dict) or not isinstance(backtest, dict):
        return f"metadata {live}", f"metadata {backtest}"
    keys = [key for key in {**live, **backtest} if live.get(key) != backtest.get(key)]
    return _describe(live, backtest, keys)


def _describe(live: Mapping[str, Any], backtest: Mapping[str, Any], names: list[str]) -> tuple[str, str]:
    texts = [_texts(live.get(name), backtest.get(name)) for name in names]
    live_text, backtest_text = (
        ", ".join(f"{name} {pair[side]}" for name, pair in zip(names, texts, strict=True)) for side in (0, 1)
    )
    return live_text, backtest_text


def _texts(live: Any, backtest: Any) -> tuple[str, str]:
    """Format two values as short as their difference allows."""
    for digits in (6, 9, 12):
        live_text, backtest_text = (_text(value, digits) for value in (live, backtest))
        if live_text != backtest_text:
            return live_text, backtest_text
    return repr(live), repr(backtest)


def _text(value: Any, digits: int) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10_000 else f"{value:.{digits}g}"
    return str(value)
