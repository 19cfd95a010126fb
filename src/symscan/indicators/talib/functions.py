"""Definitions of TA-Lib's functions by their names. Imported only when one is requested.

A function takes its parameters in the order TA-Lib declares them, all of them in the key:
``adx_14_5m``, ``stoch_5_3_0_3_0_5m``. Several outputs are a struct with TA-Lib's names
(``stoch_5_3_0_3_0_5m.slowd``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

import numpy as np
import talib as talib_untyped
from talib import abstract as abstract_untyped
from talib import stream

from symscan.errors import SpecError
from symscan.indicators.definition import Definition, Parameter
from symscan.indicators.talib.streaming import HandleIndicator
from symscan.indicators.talib.warm_up import MOST_BARS, bars_to_warm
from symscan.model.bar import FIELDS, Floats
from symscan.model.specs import IndicatorType

talib: Any = talib_untyped  # its stubs leave out what is needed here
abstract: Any = abstract_untyped

_TYPES: Final = {
    "Overlap Studies": IndicatorType.TREND,
    "Cycle Indicators": IndicatorType.TREND,
    "Volatility Indicators": IndicatorType.VOLATILITY,
    "Volume Indicators": IndicatorType.VOLUME,
    "Momentum Indicators": IndicatorType.MOMENTUM,
    "Pattern Recognition": IndicatorType.MOMENTUM,
}
_INDEX_FUNCTIONS: Final = ("MAXINDEX", "MININDEX", "MINMAXINDEX")
_HIGHEST: Final = (10_000, 1_000, 100, *range(30, 0, -1), 0.99)
_LOWEST: Final = (0.0, 1e-6, 0.01)


@cache
def names() -> tuple[str, ...]:
    """Return the names of TA-Lib's functions, in lower case."""
    return tuple(name.lower() for name in talib.get_functions())


@cache
def definition(name: str) -> Definition | None:
    """Define a function of TA-Lib as an indicator; None if there is none of that name.

    Raises
    ------
    SpecError
        If it reads what a symbol's bars do not have.
    """
    if name not in names():
        return None
    info = abstract.Function(name.upper()).info
    inputs = _inputs(info)
    parameters = tuple(_parameter(info["name"], *one) for one in info["parameters"].items())
    factory = _factory(info, inputs, parameters)
    warm = _measure(info["name"], inputs, parameters)
    adds_up = warm(*(one.default for one in parameters)) is None

    def bars(*params: Decimal) -> int:
        longest = _lookback(info["name"], **_arguments(parameters, params)) + 1 + MOST_BARS
        return 0 if adds_up else warm(*params) or longest

    return Definition(
        name,
        _TYPES.get(info["group"], IndicatorType.LEVEL),
        parameters,
        factory,
        bars,
        info["display_name"],
        f"TA-Lib {info['name']}",
        is_intraday_only=adds_up,  # from its first bar on: from the open, then
        fault=lambda *params: _fault(info["name"], parameters, params),
    )


def _inputs(info: dict[str, Any]) -> tuple[int, ...]:
    """Return the fields of a bar that a function reads, in its order."""
    name = info["name"]
    wanted: list[str] = []
    for kind, read in info["input_names"].items():
        if kind not in ("price", "prices"):
            raise SpecError(f"{name.lower()} compares several series; a symbol's bars are one")
        wanted += [read] if isinstance(read, str) else read
    if name in _INDEX_FUNCTIONS:
        raise SpecError(f"{name.lower()} says a place in an array, not a value; use max or min")
    return tuple(FIELDS.index(one) for one in wanted)


def _parameter(function: str, name: str, default: float) -> Parameter:
    """Make a parameter with the bounds that TA-Lib accepts, found by trying."""

    def is_accepted(value: float) -> bool:
        return _lookback(function, **{name: value}) >= 0

    whole = isinstance(default, int)
    kind = type(default)
    lowest = next(value for value in map(kind, range(100) if whole else _LOWEST) if is_accepted(value))
    highest = next(value for value in map(kind, _HIGHEST) if is_accepted(value))
    return Parameter(name, _decimal(default), _decimal(lowest), _decimal(highest), whole)


def _decimal(value: float) -> Decimal:
    return Decimal(str(int(value) if value == int(value) else value))


def _lookback(function: str, **parameters: float) -> int:
    """Return the bars before the first value, -1 for parameters TA-Lib refuses."""
    made = abstract.Function(function)
    made.parameters = parameters
    bars: int = made.lookback
    return bars


def _fault(name: str, parameters: Sequence[Parameter], values: Sequence[Decimal]) -> str | None:
    if _lookback(name, **_arguments(parameters, values)) >= 0:
        return None
    return "TA-Lib does not take these parameters together"


def _arguments(parameters: Sequence[Parameter], values: Sequence[Decimal]) -> dict[str, float]:
    return {
        one.name: int(value) if one.is_integer else float(value)
        for one, value in zip(parameters, values, strict=True)
    }


def _factory(
    info: dict[str, Any], inputs: tuple[int, ...], parameters: Sequence[Parameter]
) -> type[HandleIndicator]:
    outputs = tuple(info["output_names"])
    members = {
        "__doc__": info["display_name"],
        "open_handle": staticmethod(getattr(stream, info["name"])),
        "inputs": inputs,
        "whole": tuple(one.is_integer for one in parameters),
        "outputs": outputs if len(outputs) > 1 else ("value",),
        "vectors": len(outputs),
    }
    return type(info["name"].title(), (HandleIndicator,), members)


def _measure(
    name: str, inputs: tuple[int, ...], parameters: Sequence[Parameter]
) -> Callable[..., int | None]:
    batch = getattr(talib, name)

    @cache
    def measured(*values: Decimal) -> int | None:
        arguments = _arguments(parameters, values)

        def outputs(bars: Floats) -> Sequence[Floats]:
            found = batch(*(bars[field] for field in inputs), *arguments.values())
            return [found] if isinstance(found, np.ndarray) else list(found)

        return bars_to_warm(outputs, _lookback(name, **arguments))

    return measured
