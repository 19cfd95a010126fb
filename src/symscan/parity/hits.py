"""What two scans know of one symbol, and how to say where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from symscan.parity.causes import Record

_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end")
_NEW, _METADATA = "new", "metadata"

Hit = Mapping[str, Any]
"""What is known of a symbol that was found, by name."""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """Something known otherwise of a symbol.

    Attributes
    ----------
    kind
        ``hit`` or ``reading``.
    names
        Which of the things known.
    live, backtest
        What each says.
    """

    kind: str
    names: list[str]
    live: str
    backtest: str


def hits_of(scan: Record) -> dict[str, Hit]:
    """What is known of each symbol of a scan, in the order of their rank."""
    hits = scan["hits"]
    return {
        symbol: {name: hits[name][place] for name in (_NEW, *_READINGS)}
        | {_METADATA: _metadata(hits[_METADATA], symbol, place)}
        for place, symbol in enumerate(hits["symbols"])
    }


def otherwise(live: Hit, backtest: Hit, clock: Callable[[str], str]) -> Iterator[FieldDifference]:
    """Where two hits of one symbol differ: whether it is new, and what was read.

    What the scanner says of the symbol counts where nothing else that was read is otherwise.

    Parameters
    ----------
    clock
        Says an instant as a person reads it.
    """
    if live[_NEW] != backtest[_NEW]:
        said = ["new" if one[_NEW] else "not new" for one in (live, backtest)]
        yield FieldDifference("hit", [_NEW], said[0], said[1])
    names = [name for name in _READINGS if live[name] != backtest[name]]
    if names:
        yield FieldDifference(
            "reading", names, *_said(_readable(live, clock), _readable(backtest, clock), names)
        )
    elif live[_METADATA] != backtest[_METADATA]:
        yield FieldDifference(
            "reading", [_METADATA], *_said_of_metadata(live[_METADATA], backtest[_METADATA])
        )


def _readable(hit: Hit, clock: Callable[[str], str]) -> Hit:
    end = hit["last_bar_end"]
    return {**hit, "last_bar_end": None if end is None else clock(end)}


def _said_of_metadata(live: Any, backtest: Any) -> tuple[str, str]:
    if not isinstance(live, dict) or not isinstance(backtest, dict):
        return f"metadata {live}", f"metadata {backtest}"
    keys = [key for key in {**live, **backtest} if live.get(key) != backtest.get(key)]
    return _said(live, backtest, keys)


def _said(live: Mapping[str, Any], backtest: Mapping[str, Any], names: list[str]) -> tuple[str, str]:
    texts = [_texts(live.get(name), backtest.get(name)) for name in names]
    live_said, backtest_said = (
        ", ".join(f"{name} {pair[side]}" for name, pair in zip(names, texts, strict=True)) for side in (0, 1)
    )
    return live_said, backtest_said


def _texts(live: Any, backtest: Any) -> tuple[str, str]:
    """Two values as short as their difference allows."""
    for digits in (6, 9, 12):
        one, other = (_text(value, digits) for value in (live, backtest))
        if one != other:
            return one, other
    return repr(live), repr(backtest)


def _text(value: Any, digits: int) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10_000 else f"{value:.{digits}g}"
    return str(value)


def _metadata(metadata: Record, symbol: str, place: int) -> Any:
    """Of one symbol: from columns over all symbols, or from an entry of its own."""
    columns = {name: value[place] for name, value in metadata.items() if isinstance(value, list)}
    return columns if columns and len(columns) == len(metadata) else metadata.get(symbol)
