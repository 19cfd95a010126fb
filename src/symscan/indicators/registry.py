"""The registry of indicators, and the validation of specs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from symscan.errors import SpecError
from symscan.indicators.base import Indicator
from symscan.indicators.builtin import (
    level,
    momentum,
    opening_range,
    relative_volume,
    trend,
    volatility,
    volume,
    vwap_cross,
)
from symscan.indicators.definition import Definition, Parameter
from symscan.model.interval import FIVE_MINUTES, Interval
from symscan.model.specs import IndicatorConfig, IndicatorSpec

_FAMILIES: tuple[tuple[Definition, ...], ...] = (
    trend.DEFINITIONS,
    momentum.DEFINITIONS,
    volatility.DEFINITIONS,
    volume.DEFINITIONS,
    level.DEFINITIONS,
    relative_volume.DEFINITIONS,
    opening_range.DEFINITIONS,
    vwap_cross.DEFINITIONS,
)
_DEFINITIONS = {one.name: one for family in _FAMILIES for one in family}


def definitions() -> tuple[Definition, ...]:
    """Return every built-in indicator; TA-Lib's functions are found by their names."""
    return tuple(_DEFINITIONS.values())


def definition(name: str) -> Definition:
    """Return the indicator of a name: a built-in one, else TA-Lib's function.

    Raises
    ------
    SpecError
        If there is none, or it reads what a symbol's bars do not have.
    """
    found = _DEFINITIONS.get(name) if isinstance(name, str) else None
    return found or _of_talib(str(name))


def _of_talib(name: str) -> Definition:
    from symscan.indicators.talib import functions as talib

    found = talib.definition(name)
    if found is None:
        close = get_close_matches(name, [*_DEFINITIONS, *talib.names()], n=1)
        known = f"there are {', '.join(_DEFINITIONS)}, and TA-Lib's functions by their names, as adx_14_5m"
        hint = f"did you mean '{close[0]}'?" if close else known
        raise SpecError(f"'{name}' is not an indicator; {hint}")
    return found


def check(spec: IndicatorSpec) -> IndicatorSpec:
    """Return the spec, if there is such an indicator and every parameter is within its bounds.

    Raises
    ------
    SpecError
        If not.
    """
    known = definition(spec.name)
    if len(spec.params) != len(known.parameters):
        raise SpecError(_wrong_number(known, spec))
    pairs = zip(known.parameters, spec.params, strict=True)
    fault = next(filter(None, (parameter.fault(value) for parameter, value in pairs)), None)
    if fault is None:
        fault = known.fault(*spec.params)
    if fault is None and known.is_intraday_only and not spec.interval.is_intraday:
        fault = f"it reads bars within a session; {spec.interval} is none, write {spec.name}_1m"
    if fault is None:
        fault = known.spec_fault(spec)
    if fault is not None:
        raise SpecError(f"{spec.name} on {spec.interval} bars: {fault}")
    return spec


def spec_of(requested: IndicatorConfig | str) -> IndicatorSpec:
    """Return the checked spec of a configuration or of a key.

    A key holds every parameter. A configuration may leave some out: they take their defaults.
    ``period`` is the first parameter; ``params`` holds the others by name.

    Raises
    ------
    SpecError
        If there is no such indicator, a parameter is unknown, given twice or out of bounds.
    """
    if isinstance(requested, str):
        return check(IndicatorSpec.parse(requested))
    known = definition(requested.name)
    given = _given(known, requested)
    params = tuple(
        _number(known, one, given[one.name]) if one.name in given else one.default for one in known.parameters
    )
    return check(IndicatorSpec(known.name, params, Interval.parse(str(requested.interval))))


def create(spec: IndicatorSpec, rows: int) -> Indicator:
    """Make an indicator without any bars.

    Raises
    ------
    SpecError
        If the spec is not valid.
    """
    return definition(check(spec).name).factory(spec, rows)


def _wrong_number(known: Definition, spec: IndicatorSpec) -> str:
    names = ", ".join(one.name for one in known.parameters) or "no parameters"
    interval = FIVE_MINUTES if known.is_intraday_only else spec.interval
    example = IndicatorSpec(known.name, tuple(one.default for one in known.parameters), interval)
    return f"{known.name} takes {names}, as in {example.key}; {len(spec.params)} given"


def _given(known: Definition, requested: IndicatorConfig) -> Mapping[str, Any]:
    names = [one.name for one in known.parameters]
    given = _by_name(known, names, requested.params)
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        takes = ", ".join(names) or "no parameters"
        raise SpecError(f"{known.name} has no parameter '{unknown}'; it takes {takes}")
    if not requested.period:
        return given
    if not names:
        raise SpecError(f"{known.name} takes no parameters, but period is {requested.period}; leave it out")
    if given.get(names[0], requested.period) != requested.period:
        raise SpecError(
            f"{known.name}: period is {requested.period} and {names[0]} is {given[names[0]]}; give one"
        )
    return {names[0]: requested.period, **given}


def _by_name(known: Definition, names: Sequence[str], params: Any) -> dict[str, Any]:
    if isinstance(params, Mapping):
        return dict(params)
    if isinstance(params, Sequence) and not isinstance(params, str) and len(params) <= len(names):
        return dict(zip(names, params, strict=False))
    raise SpecError(
        f"{known.name}: params is {params!r}; give values by name, or a list in the order declared"
    )


def _number(known: Definition, parameter: Parameter, value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise TypeError
        # Through text, so that 2.1 is the decimal that was written and not the float nearest to it.
        return Decimal(str(value)).normalize()
    except (TypeError, InvalidOperation):
        raise SpecError(f"{known.name}: {parameter.name} is {value!r}, not a number") from None
