"""Measure TA-Lib's functions: the bounds of their parameters, and how long they take to be warm.

    python benchmarks/make_talib_table.py

writes ``src/symscan/indicators/talib/warm_up.json``. A test holds the table to what is measured; it has to be
written anew when TA-Lib has other functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from talib import abstract as abstract_untyped

from symscan.errors import SpecError
from symscan.indicators.talib.functions import inputs_of, lookback, measured_bars, names

abstract: Any = abstract_untyped  # its stubs leave out what is needed here

TABLE: Final = Path(__file__).parents[1] / "src" / "symscan" / "indicators" / "talib" / "warm_up.json"

_HIGHEST: Final = (10_000, 1_000, 100, *range(30, 0, -1), 0.99)
_LOWEST: Final = (0.0, 1e-6, 0.01)


def render() -> str:
    """Measure all functions that are indicators; returns the table, a line for each."""
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name in sorted(names()) if (one := _measure(name))]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _measure(name: str) -> dict[str, Any] | None:
    """Measure a function with its defaults; None for one that is no indicator."""
    info = abstract.Function(name.upper()).info
    try:
        inputs = inputs_of(info)
    except SpecError:
        return None
    defaults: Mapping[str, float] = info["parameters"]
    bounds = {parameter: _bounds(info["name"], parameter, value) for parameter, value in defaults.items()}
    return {"bounds": bounds, "warm_up": measured_bars(info["name"], inputs, tuple(defaults.items()))}


def _bounds(function: str, parameter: str, default: float) -> list[str]:
    """The lowest and highest value that TA-Lib accepts, found by trying."""

    def is_accepted(value: float) -> bool:
        return lookback(function, **{parameter: value}) >= 0

    whole, kind = isinstance(default, int), type(default)
    lowest = next(value for value in map(kind, range(100) if whole else _LOWEST) if is_accepted(value))
    highest = next(value for value in map(kind, _HIGHEST) if is_accepted(value))
    return [_text(lowest), _text(highest)]


def _text(value: float) -> str:
    return str(int(value) if value == int(value) else value)


if __name__ == "__main__":
    TABLE.write_text(render(), encoding="utf-8")
    print(f"wrote {TABLE}")
