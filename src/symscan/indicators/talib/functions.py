"""Definitions of TA-Lib's functions by their names. Imported only when one is requested.

A function takes its parameters in the order TA-Lib declares them, all of them in the key:
``adx_14_5m``, ``stoch_5_3_0_3_0_5m``. Several outputs are a struct with TA-Lib's names
(``stoch_5_3_0_3_0_5m.slowd``).

The bounds of the parameters, and how long a function takes to be warm with its defaults, stand in
``warm_up.json``; ``benchmarks/make_talib_table.py`` measures them. With other parameters that is measured
when it is needed: there are more of them than a table can hold, and no formula fits all functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
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


@cache
def names() -> tuple[str, ...]:
    """Return the names of TA-Lib's functions, in lower case."""
    return tuple(name.lower() for name in talib.get_functions())


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    """Return what was measured: by function the ``bounds`` of each parameter, and the ``warm_up`` in bars."""
    text = files("symscan.indicators.talib").joinpath("warm_up.json").read_text(encoding="utf-8")
    table: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return table


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
    inputs = inputs_of(info)
    measured = _table().get(name)
    if measured is None:
        raise SpecError(f"{name} is a function that this version of symscan does not know yet")
    parameters = tuple(
        _parameter(one, default, measured["bounds"][one]) for one, default in info["parameters"].items()
    )
    defaults = tuple(one.default for one in parameters)
    adds_up = measured["warm_up"] is None

    def bars(*params: Decimal) -> int:
        if adds_up or params == defaults:
            return measured["warm_up"] or 0
        arguments = _arguments(parameters, params)
        longest = lookback(info["name"], **arguments) + 1 + MOST_BARS
        return measured_bars(info["name"], inputs, tuple(arguments.items())) or longest

    return Definition(
        name,
        _TYPES.get(info["group"], IndicatorType.LEVEL),
        parameters,
        _factory(info, inputs, parameters),
        bars,
        info["display_name"],
        f"TA-Lib {info['name']}",
        is_intraday_only=adds_up,  # from its first bar on: from the open, then
        fault=lambda *params: _fault(info["name"], parameters, params),
    )


def inputs_of(info: dict[str, Any]) -> tuple[int, ...]:
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


def _parameter(name: str, default: float, bounds: Sequence[str]) -> Parameter:
    """Make a parameter with the lowest and the highest value that TA-Lib accepts."""
    lowest, highest = bounds
    return Parameter(name, _decimal(default), Decimal(lowest), Decimal(highest), isinstance(default, int))


def _decimal(value: float) -> Decimal:
    return Decimal(str(int(value) if value == int(value) else value))


def lookback(function: str, **parameters: float) -> int:
    """Return the bars before the first value, -1 for parameters that TA-Lib refuses."""
    made = abstract.Function(function)
    made.parameters = parameters
    bars: int = made.lookback
    return bars


def _fault(name: str, parameters: Sequence[Parameter], values: Sequence[Decimal]) -> str | None:
    if lookback(name, **_arguments(parameters, values)) >= 0:
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


@cache
def measured_bars(name: str, inputs: tuple[int, ...], arguments: tuple[tuple[str, float], ...]) -> int | None:
    """Measure the bars until a function's values do not depend on where its history begins.

    Parameters
    ----------
    name
        TA-Lib's.
    inputs
        The fields of a bar that it reads.
    arguments
        Its parameters by name, in TA-Lib's order.

    Returns
    -------
    int | None
        None if they always do.
    """
    batch = getattr(talib, name)

    def outputs(bars: Floats) -> Sequence[Floats]:
        found = batch(*(bars[field] for field in inputs), *(value for _, value in arguments))
        return [found] if isinstance(found, np.ndarray) else list(found)

    return bars_to_warm(outputs, lookback(name, **dict(arguments)))
