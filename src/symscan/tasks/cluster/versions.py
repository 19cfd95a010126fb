"""What must be the same wherever tasks of one run are done: the versions that results may depend on."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

_PACKAGES: Final = ("symscan", "numpy", "polars")


def versions() -> dict[str, str]:
    """Return the versions of this process."""
    found = {name: _version(name) for name in _PACKAGES}
    return {**found, "python": platform.python_version(), "platform": f"{sys.platform}-{platform.machine()}"}


def first_difference(begun: Mapping[str, str], found: Mapping[str, str]) -> str | None:
    """Return the first version that is another, to be read after "has"; None if all are the same."""
    for name, before in begun.items():
        if found.get(name) != before:
            return f"{name} {found.get(name)} instead of {before}"
    return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
