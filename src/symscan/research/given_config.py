"""A configuration as it is given from Python: a file, or what a file would hold, with classes in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time
from pathlib import Path, PurePath
from typing import Any, Final, TypeVar

from symscan.config import (
    ObserverConfig,
    ScannerConfig,
    SessionConfig,
    StrategyConfig,
    load_config,
    parse_config,
)
from symscan.errors import ConfigError, ConfigErrors, InputError

GivenConfig = SessionConfig | Mapping[str, Any] | Path | str

_NAME: Final = "run"
"""What a run of a mapping is called that has no name."""

_PlugIn = TypeVar("_PlugIn", ScannerConfig, StrategyConfig, ObserverConfig)


def read_config(config: GivenConfig) -> SessionConfig:
    """Read a configuration; in a mapping, ``module`` may be a class.

    Raises
    ------
    ConfigErrors
        If it has faults.
    InputError
        If it is something else.
    """
    if isinstance(config, SessionConfig):
        return config
    if not isinstance(config, Mapping | str | Path):
        raise InputError(f"expected a configuration file or what it holds, got {type(config).__name__}")
    if not isinstance(config, Mapping):
        return load_config(Path(config))
    classes: dict[str, type[Any]] = {}
    whole = {key: _plain(value, str(key), classes) for key, value in config.items()}
    with located_errors(config):
        return _with_classes(parse_config(json.dumps(whole, indent=2, ensure_ascii=False), _NAME), classes)


@contextmanager
def located_errors(config: GivenConfig) -> Iterator[None]:
    """Locate errors of a mapping by their path alone, since there is no file with lines."""
    try:
        yield
    except ConfigErrors as faults:
        if not isinstance(config, Mapping):
            raise
        raise ConfigErrors([ConfigError(one.message, path=one.path) for one in faults.errors]) from None


def _plain(value: Any, path: str, classes: dict[str, type[Any]]) -> Any:
    """Return a value as JSON can hold it; the classes of plug-ins are collected by their paths."""
    if isinstance(value, Mapping):
        return {key: _plain(one, f"{path}.{key}", classes) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, f"{path}[{number}]", classes) for number, one in enumerate(value)]
    if isinstance(value, type) and path.endswith(".module"):
        classes[path.removesuffix(".module")] = value
        return value.__name__
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ConfigErrors([ConfigError(f"expected what JSON can hold, got {type(value).__name__}", path=path)])


def _with_classes(config: SessionConfig, classes: Mapping[str, type[Any]]) -> SessionConfig:
    if not classes:
        return config
    return replace(
        config,
        scanners=_each(config.scanners, classes),
        strategies=_each(config.strategies, classes),
        observers=_each(config.observers, classes),
    )


def _each(plug_ins: tuple[_PlugIn, ...], classes: Mapping[str, type[Any]]) -> tuple[_PlugIn, ...]:
    return tuple(replace(one, module=classes.get(one.path, one.module)) for one in plug_ins)
