"""Whether a run can be divided among processes: its sessions can, what goes on over all of them cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from symscan.errors import InputError

if TYPE_CHECKING:
    from symscan.config import SessionConfig

_UNDIVIDED: Final = "leave out 'jobs' and 'cluster'"


def check_divisible(config: SessionConfig) -> None:
    """Check that other processes can play the sessions of a configuration.

    Raises
    ------
    InputError
        If it has what they cannot import, or an observer that is given all sessions of a run.
    """
    if (reason := why_not_divisible(config)) is not None:
        raise InputError(reason)


def why_not_divisible(config: SessionConfig) -> str | None:
    """Return why other processes cannot play a configuration's sessions, and what to do; None if they can."""
    for one in config.observers:
        if one.enabled:
            return (
                f"observer '{one.name}' gets every event of a run, one session after another, and other "
                f"processes play the sessions at the same time; {_UNDIVIDED}"
            )
    for kind, name, cls in _given_classes(config):
        if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
            return (
                f"{kind} '{name}' is the class {cls.__qualname__} of this notebook, script or function, "
                "which other processes cannot import; write it into a module and name that, "
                f"or {_UNDIVIDED}"
            )
    return None


def _given_classes(config: SessionConfig) -> Iterator[tuple[str, str, type[Any]]]:
    for one in config.scanners:
        if isinstance(one.module, type):
            yield "scanner", one.name, one.module
    for other in config.strategies:
        if isinstance(other.module, type):
            yield "strategy", other.name, other.module
