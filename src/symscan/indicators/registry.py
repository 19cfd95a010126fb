"""The registry of indicators, and the validation of specs.

An indicator is found by its name: a built-in one, one of the configuration's modules
(``indicator_modules``), TA-Lib's function, one of an installed package (entry points ``symscan.indicators``).
No name has two meanings: one that is taken is an error that says whose it is.

A process has one set of configured indicators, that of the configuration used last; those of earlier ones
stay known to sessions that are still open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from symscan.errors import ConfigError, SpecError
from symscan.indicators.base import Indicator
from symscan.indicators.builtin import (
    bar_values,
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
from symscan.indicators.user_definitions import GROUP, UserDefinition, of_module, of_package
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, PREMARKET, Interval
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.plugins.installed import InstalledPlugIn, installed

_FAMILIES: tuple[tuple[Definition, ...], ...] = (
    trend.DEFINITIONS,
    momentum.DEFINITIONS,
    volatility.DEFINITIONS,
    volume.DEFINITIONS,
    level.DEFINITIONS,
    relative_volume.DEFINITIONS,
    opening_range.DEFINITIONS,
    vwap_cross.DEFINITIONS,
    bar_values.DEFINITIONS,
)
_DEFINITIONS = {one.name: one for family in _FAMILIES for one in family}

_configured: dict[str, UserDefinition] = {}
"""Those of the configuration used last."""

_earlier: dict[str, UserDefinition] = {}
"""Those of configurations used before: their sessions may still be open."""

_installed: dict[str, UserDefinition] = {}
_packages: tuple[InstalledPlugIn, ...] = ()
"""What is installed, as far as it was needed, and the packages it was taken from."""


def definitions() -> tuple[Definition, ...]:
    """Return every built-in indicator; TA-Lib's functions are found by their names."""
    return tuple(_DEFINITIONS.values())


def user_definitions() -> tuple[UserDefinition, ...]:
    """Return the indicators of the configuration used last, and of installed packages as far as needed."""
    return (*configured_definitions(), *installed_definitions())


def configured_definitions() -> tuple[UserDefinition, ...]:
    """Return the indicators of the configuration used last."""
    return tuple(_configured.values())


def installed_definitions() -> tuple[UserDefinition, ...]:
    """Return the indicators of installed packages, as far as they were needed."""
    return tuple(_installed.values())


def use_modules(modules: Sequence[str], folders: Sequence[Path]) -> list[tuple[int, ConfigError]]:
    """Make the indicators of a configuration's modules those that names mean from now on.

    Parameters
    ----------
    modules
        As ``indicator_modules`` names them.
    folders
        Where the project's modules are, first match wins.

    Returns
    -------
    list[tuple[int, ConfigError]]
        For each module that cannot be used its number, and why; its indicators are left out.
    """
    global _configured
    faults: list[tuple[int, ConfigError]] = []
    if modules:
        load_installed()  # their names are taken; what is wrong with them is said when one is needed
    used: dict[str, UserDefinition] = {}
    for number, module in enumerate(modules):
        try:
            found = of_module(module, folders)
            for one in found:
                _check_name(one, used)
        except ConfigError as fault:
            faults.append((number, fault))
        else:
            used |= {one.name: one for one in found}
    _earlier.update(_configured)
    _configured = used
    return faults


def _check_name(one: UserDefinition, used: Mapping[str, UserDefinition]) -> None:
    """Raise a ``ConfigError`` if an indicator has a name that is taken."""
    other = used.get(one.name) or _installed.get(one.name)
    if one.name in _DEFINITIONS:
        taken = "a built-in indicator"
    elif other is not None and other.definition is not one.definition:
        taken = f"an indicator of {other.origin}"
    elif _is_of_talib(one.name):
        taken = "a function of TA-Lib"
    else:
        return
    raise ConfigError(f"'{one.name}' of {one.origin} is the name of {taken}; give it another")


def _is_of_talib(name: str) -> bool:
    from symscan.indicators.talib import functions as talib

    return name in talib.names()


def load_installed() -> list[tuple[InstalledPlugIn, ConfigError]]:
    """Load the indicators of installed packages, once for each set of them; returns what cannot be used."""
    global _packages
    found = installed(GROUP)
    faults: list[tuple[InstalledPlugIn, ConfigError]] = []
    if found != _packages:
        _installed.clear()
    for entry in found:
        try:
            usable = of_package(entry)
            for one in usable:
                _check_name(one, {})
        except ConfigError as fault:
            faults.append((entry, fault))
        else:
            _installed.update({one.name: one for one in usable})
    _packages = found
    return faults


def definition(name: str) -> Definition:
    """Return the indicator of a name: a built-in one, the user's, TA-Lib's function.

    Raises
    ------
    SpecError
        If there is none, or it reads what a symbol's bars do not have.
    """
    found = _DEFINITIONS.get(name) if isinstance(name, str) else None
    return found or _of_user(str(name)) or _of_talib(str(name)) or _of_packages(str(name))


def _of_user(name: str) -> Definition | None:
    """Return the user's indicator of a name, as far as its module was loaded."""
    for known in (_configured, _installed, _earlier):
        if name in known:
            return known[name].definition
    return None


def _of_talib(name: str) -> Definition | None:
    from symscan.indicators.talib import functions as talib

    return talib.definition(name)


def _of_packages(name: str) -> Definition:
    """Return the indicator of an installed package; raises the error if there is none anywhere."""
    faults = load_installed()
    if name in _installed:
        return _installed[name].definition
    from symscan.indicators.talib import functions as talib

    own = [*_DEFINITIONS, *(one.name for one in user_definitions())]
    close = get_close_matches(name, [*own, *talib.names()], n=1)
    known = f"there are {', '.join(own)}, and TA-Lib's functions by their names, as adx_14_5m"
    hint = f"did you mean '{close[0]}'?" if close else known
    broken = "".join(f"; {fault}" for _, fault in faults)
    raise SpecError(f"'{name}' is not an indicator; {hint}{broken}")


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
    if fault is None:
        fault = _premarket_fault(known, spec)
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
    is_left_out = known.is_premarket and str(requested.interval) in (str(PREMARKET), str(ONE_DAY))
    interval = PREMARKET if is_left_out else Interval.parse(str(requested.interval))
    return check(IndicatorSpec(known.name, params, interval))


def is_users(spec: IndicatorSpec) -> bool:
    """Return whether an indicator is the user's, whose code may fail."""
    return spec.name not in _DEFINITIONS and _of_user(spec.name) is not None


def create(spec: IndicatorSpec, rows: int) -> Indicator:
    """Make an indicator without any bars.

    Raises
    ------
    SpecError
        If the spec is not valid.
    """
    return definition(check(spec).name).factory(spec.current, rows)


def _premarket_fault(known: Definition, spec: IndicatorSpec) -> str | None:
    """Return what is wrong with reading the bars before the open, or not; None if nothing is."""
    if known.is_premarket and not spec.interval.is_premarket:
        key = IndicatorSpec(spec.name, spec.params, PREMARKET).key
        return f"it reads the bars before the open, whatever their interval; write {key}"
    if spec.interval.is_premarket and not known.is_premarket:
        return f"it does not read the bars before the open; end its key with an interval, as in {spec.key}_5m"
    if known.is_premarket and spec.back:
        return f"it has no value a bar earlier; write {spec.current.key}"
    return None


def _wrong_number(known: Definition, spec: IndicatorSpec) -> str:
    names = ", ".join(one.name for one in known.parameters) or "no parameters"
    interval = FIVE_MINUTES if known.is_intraday_only else spec.interval
    interval = PREMARKET if known.is_premarket else interval
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
