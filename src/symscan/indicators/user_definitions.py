"""Indicators of the user's: of a configuration's modules, and of installed packages."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from symscan.errors import ConfigError, SpecError
from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition, Parameter
from symscan.model.interval import FIVE_MINUTES, PREMARKET
from symscan.model.specs import IndicatorSpec
from symscan.plugins.errors import describe_error
from symscan.plugins.installed import InstalledPlugIn, installed
from symscan.plugins.modules import load_file, load_installed

GROUP: Final = "symscan.indicators"
"""The group of the entry points by which installed packages name their indicators."""

_ATTRIBUTE: Final = "DEFINITIONS"


@dataclass(frozen=True, slots=True)
class UserDefinition:
    """An indicator of the user's, and where it comes from.

    Attributes
    ----------
    origin
        In words, such as ``module 'my_indicators'``.
    """

    definition: Definition
    origin: str

    @property
    def name(self) -> str:
        """The indicator's name."""
        return self.definition.name


def of_module(module: str, folders: Sequence[Path]) -> list[UserDefinition]:
    """Return the indicators of a module: of the project, an entry point's name, or an installed one.

    Raises
    ------
    ConfigError
        If there is no such module, it does not import, or holds no indicators that can be used.
    """
    found: Any = load_file([module, f"indicators.{module}"], folders)
    if found is None:
        entry = next((one for one in installed(GROUP) if one.name == module), None)
        if entry is not None:
            return of_package(entry)
        found = load_installed(module)
    if found is None:
        looked = ", ".join(str(folder) for folder in folders)
        raise ConfigError(f"there is no module '{module}' in {looked}, and none of that name is installed")
    return _checked(found, f"module '{module}'")


def of_package(entry: InstalledPlugIn) -> list[UserDefinition]:
    """Return the indicators that an installed package names.

    Raises
    ------
    ConfigError
        If it does not import, or names no indicators that can be used.
    """
    return _checked(entry.load(), f"'{entry.name}' of the package {entry.package}")


def _checked(found: Any, origin: str) -> list[UserDefinition]:
    definitions = [_checked_definition(one, origin) for one in _definitions_in(found, origin)]
    names = [one.name for one in definitions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{origin} defines the indicator '{twice}' twice; give one another name")
    return [UserDefinition(one, origin) for one in definitions]


def _definitions_in(found: Any, origin: str) -> list[Any]:
    held = getattr(found, _ATTRIBUTE, None) if isinstance(found, ModuleType) else found
    if isinstance(held, Definition):
        return [held]
    if isinstance(held, str) or not isinstance(held, Iterable) or not (listed := list(held)):
        raise ConfigError(
            f"{origin} holds no indicator; give it {_ATTRIBUTE} = (Definition(...),), "
            "with Definition from symscan.indicators"
        )
    return listed


def _checked_definition(one: Any, origin: str) -> Definition:
    if not isinstance(one, Definition):
        raise ConfigError(f"{_ATTRIBUTE} of {origin} holds {one!r}; give a symscan.indicators.Definition")
    fault = _fault(one)
    if fault is not None:
        raise ConfigError(f"the indicator {one.name!r} of {origin}: {fault}")
    return one


def _fault(one: Definition) -> str | None:
    """Return what is wrong with a definition, None if nothing is; it is made once, to see."""
    if not inspect.isclass(one.factory) or not issubclass(one.factory, Indicator):
        return f"factory is {one.factory!r}; give a class derived from symscan.indicators.Indicator"
    if inspect.isabstract(one.factory):
        missing = ", ".join(sorted(one.factory.__abstractmethods__))
        return f"{one.factory.__name__} lacks the method {missing}"
    if len(set(one.outputs)) != len(one.outputs) or not one.outputs:
        return f"outputs are {one.outputs!r}; name each once"
    return _parameter_fault(one) or _making_fault(one)


def _parameter_fault(one: Definition) -> str | None:
    if not all(isinstance(parameter, Parameter) for parameter in one.parameters):
        return f"parameters are {one.parameters!r}; give symscan.indicators.Parameter for each"
    names = [parameter.name for parameter in one.parameters]
    if len(set(names)) != len(names):
        return f"parameters are {', '.join(names)}; name each once"
    faults = (parameter.fault(parameter.default) for parameter in one.parameters)
    fault = next(filter(None, faults), None)
    return None if fault is None else f"its default {fault}"


def _making_fault(one: Definition) -> str | None:
    interval = PREMARKET if one.is_premarket else FIVE_MINUTES
    spec = IndicatorSpec(one.name, tuple(parameter.default for parameter in one.parameters), interval)
    try:
        if IndicatorSpec.parse(spec.key) != spec:
            raise SpecError("")
    except (SpecError, TypeError):
        example = "premarket_range: it reads the bars before the open" if one.is_premarket else "volume_ratio"
        return f"its name must be words in small letters, joined by _, as in {example}"
    try:
        bars, sessions = one.warm_up_bars(spec), one.warm_up_sessions(spec)
        one.factory(spec, 1)
    except (Exception, SystemExit) as error:  # the plug-in boundary: the user's functions and constructor
        return f"it cannot be made: {describe_error(error, one.factory.__module__)}"
    if any(not isinstance(count, int) or count < 0 for count in (bars, sessions)):
        return f"bars_to_warm gives {bars!r} and sessions_to_warm {sessions!r}; give whole numbers from 0 on"
    return None
