"""List the plug-ins there are: built in, of installed packages, and those a configuration names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from typing import Any

from symscan.config import SessionConfig
from symscan.errors import ConfigError, InputError
from symscan.indicators import registry
from symscan.plugins.installed import InstalledPlugIn, installed
from symscan.plugins.modules import PlugInKind, project_folders
from symscan.runtime.building.plugins import OBSERVERS, SCANNERS, STRATEGIES
from symscan.sources import brokers

_KINDS: tuple[PlugInKind[Any], ...] = (SCANNERS, STRATEGIES, OBSERVERS)


@dataclass(frozen=True, slots=True)
class ListedPlugIn:
    """A plug-in, as it is listed.

    Attributes
    ----------
    kind
        ``indicator``, ``scanner``, ``strategy``, ``observer`` or ``broker``.
    name
        Its name in a configuration.
    origin
        ``built in``, the package and its version, or the module of a configuration.
    summary
        What it is, in one line; of one that cannot be used, why.
    is_usable
        Whether it can be used.
    """

    kind: str
    name: str
    origin: str
    summary: str
    is_usable: bool = True


def list_plugins(config: SessionConfig | None = None) -> list[ListedPlugIn]:
    """Return the plug-ins there are, by kind; each with its fault, which is not raised.

    Parameters
    ----------
    config
        A configuration whose modules are listed, too.
    """
    listed = [*_indicators(), *(() if config is None else _configured_indicators(config))]
    for kind in _KINDS:
        listed += [*_of_kind(kind), *(() if config is None else _configured(kind, config))]
    return [*listed, *_brokers()]


def _brokers() -> Iterator[ListedPlugIn]:
    packages = {entry.name: entry.package for entry in installed(brokers.ENTRY_POINTS)}
    for name in brokers.broker_names():
        origin = packages.get(name, "built in")
        try:
            summary, is_usable = _first_line(brokers.find_broker(name).cls), True
        except InputError as fault:
            summary, is_usable = _one_line(fault), False
        yield ListedPlugIn("broker", name, origin, summary, is_usable)


def _of_kind(kind: PlugInKind[Any]) -> Iterator[ListedPlugIn]:
    for name in kind.builtin_names():
        assert kind.builtin is not None
        module = import_module(f"{kind.builtin.__name__}.{name}")
        yield ListedPlugIn(kind.word, f"{kind.plural}.{name}", "built in", _first_line(module))
    for entry in installed(kind.group):
        yield _of_package(kind, entry)


def _configured(kind: PlugInKind[Any], config: SessionConfig) -> Iterator[ListedPlugIn]:
    for one in _named(kind, config):
        try:
            found = kind.load(one.module, project_folders(config.file))
        except ConfigError as fault:
            yield ListedPlugIn(kind.word, one.module, str(config.file), _one_line(fault), is_usable=False)
        else:
            if not _is_listed_otherwise(kind, found, one.module):
                yield ListedPlugIn(kind.word, one.module, str(config.file), _first_line(found))


def _named(kind: PlugInKind[Any], config: SessionConfig) -> list[Any]:
    """Return what a configuration names of a kind, each module once."""
    listed: Any = getattr(config, kind.plural)
    return list({one.module: one for one in listed if one.module is not None}.values())


def _is_listed_otherwise(kind: PlugInKind[Any], found: Any, module: str) -> bool:
    is_built_in = kind.builtin is not None and getattr(found, "__name__", "").startswith(
        kind.builtin.__name__
    )
    return is_built_in or any(entry.name == module for entry in installed(kind.group))


def _of_package(kind: PlugInKind[Any], entry: InstalledPlugIn) -> ListedPlugIn:
    if entry.name in kind.builtin_names():
        why = f"a built-in {kind.word} has the name; give its module instead: {entry.module}"
        return ListedPlugIn(kind.word, entry.name, entry.package, why, is_usable=False)
    try:
        found = entry.load()
    except ConfigError as fault:
        return ListedPlugIn(kind.word, entry.name, entry.package, _one_line(fault), is_usable=False)
    return ListedPlugIn(kind.word, entry.name, entry.package, _first_line(found))


def _indicators() -> Iterator[ListedPlugIn]:
    for known in registry.definitions():
        yield ListedPlugIn("indicator", known.name, "built in", known.summary)
    for entry, fault in registry.load_installed():
        yield ListedPlugIn("indicator", entry.name, entry.package, _one_line(fault), is_usable=False)
    for one in registry.installed_definitions():
        yield ListedPlugIn("indicator", one.name, one.origin, one.definition.summary)


def _configured_indicators(config: SessionConfig) -> Iterator[ListedPlugIn]:
    faults = registry.use_modules(config.indicator_modules, project_folders(config.file))
    for number, fault in faults:
        module = config.indicator_modules[number]
        yield ListedPlugIn("indicator", module, str(config.file), _one_line(fault), is_usable=False)
    installed_names = {one.name for one in registry.installed_definitions()}
    for one in registry.configured_definitions():
        if one.name not in installed_names:
            yield ListedPlugIn("indicator", one.name, str(config.file), one.definition.summary)


def _first_line(found: Any) -> str:
    """Return the first line of a docstring, without what stands before a colon in our own."""
    lines = (getdoc(found) or "").splitlines()
    return lines[0].split(": ", 1)[-1] if lines else ""


def _one_line(fault: InputError) -> str:
    return " ".join(str(fault).split())
