"""Find the plug-ins that installed packages name as entry points: ``symscan.scanners`` and the like."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from symscan.errors import ConfigError
from symscan.plugins.errors import describe_error


@dataclass(frozen=True, slots=True)
class InstalledPlugIn:
    """A plug-in of an installed package.

    Attributes
    ----------
    name
        Its name in a configuration.
    package
        The package that names it, and its version.
    entry_point
        The entry point: its ``value`` is ``module`` or ``module:name``.
    """

    name: str
    package: str
    entry_point: EntryPoint

    @property
    def module(self) -> str:
        """The module that holds it."""
        return self.entry_point.module

    def load(self) -> Any:
        """Import what it names: a module, or something in one.

        Raises
        ------
        ConfigError
            If it does not import.
        """
        try:
            return self.entry_point.load()
        except (Exception, SystemExit) as error:  # the plug-in boundary: an installed package
            fault = describe_error(error, self.module)
            raise ConfigError(
                f"'{self.name}' of the package {self.package} does not import: {fault}"
            ) from error


def installed(group: str) -> tuple[InstalledPlugIn, ...]:
    """Return the plug-ins of a group, ordered by name and package."""
    return _installed(group, tuple(map(str, sys.path)))


def installed_one(group: str, name: str) -> InstalledPlugIn | None:
    """Return the plug-in of a name, None if there is none.

    Raises
    ------
    ConfigError
        If two packages have one of that name.
    """
    named = [one for one in installed(group) if one.name == name]
    if len(named) > 1:
        packages = " and ".join(f"{one.package} ({one.module})" for one in named)
        raise ConfigError(f"'{name}' is in two packages, {packages}; give the module that is meant")
    return named[0] if named else None


@lru_cache(maxsize=32)
def _installed(group: str, path: tuple[str, ...]) -> tuple[InstalledPlugIn, ...]:  # noqa: ARG001 - the path decides
    """Read the packages' entry points, once for each path: that takes milliseconds."""
    found = {
        (one.name, one.value): InstalledPlugIn(one.name, _package_of(one), one)
        for one in entry_points(group=group)
    }
    return tuple(found[key] for key in sorted(found))


def _package_of(one: EntryPoint) -> str:
    return f"{one.dist.name} {one.dist.version}" if one.dist is not None else "unknown"
