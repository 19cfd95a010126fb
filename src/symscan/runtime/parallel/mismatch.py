"""What a process finds otherwise than the run was begun with, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from symscan.runs.description import RunDescription

_VERSIONS: Final = ("symscan", "python", "numpy", "polars", "platform")
_COMPARED: Final = frozenset({"store", "modules", "universes", "tables", "scanners"})
"""Facts that are compared in words of their own; scanners follow from the others."""


def first_mismatch(begun: RunDescription, found: RunDescription) -> str | None:
    """Return what this process has instead of what a run was begun with, None if all is the same.

    The words follow "has": ``another 1m/2018-02-20``.
    """
    return next(_mismatches(begun, found), None)


def _mismatches(begun: RunDescription, found: RunDescription) -> Iterator[str]:
    for name in _VERSIONS:
        before, now = begun.environment.get(name), found.environment.get(name)
        if before != now:
            yield f"{name} {now} instead of {before}"
    before, now = begun.facts, found.facts
    yield from _named(before["store"]["files"], now["store"]["files"], "{}")
    imported = {name: digest for name, digest in before["modules"].items() if name in now["modules"]}
    yield from _named(imported, now["modules"], "module {}")  # one that runs more has imported more
    yield from _named(before["universes"], now["universes"], "universe of '{}'")
    yield from _named(before.get("tables", {}), now.get("tables", {}), "dated file of '{}'")
    if before["store"] != now["store"]:
        yield "other splits" if before["store"]["splits"] != now["store"]["splits"] else "another store"
    for name in now:
        if name not in _COMPARED and before.get(name) != now[name]:
            yield f"another value of '{name}'"


def _named(before: Mapping[str, Any], now: Mapping[str, Any], name: str) -> Iterator[str]:
    for key in sorted({*before, *now}):
        if key not in now:
            yield f"no {name.format(key)}"
        elif before.get(key) != now[key]:
            yield f"another {name.format(key)}"
