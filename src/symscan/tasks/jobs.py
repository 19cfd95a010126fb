"""How many processes of this computer do tasks: a number, or as many as it has cores."""

from __future__ import annotations

import os
from typing import Final

from symscan.errors import InputError

AUTO: Final = "auto"
"""As many as this process may use cores."""

_MOST: Final = 1_024


def parse_jobs(given: object) -> int:
    """Return how many processes are meant.

    Raises
    ------
    InputError
        If it is neither a whole number from 1 on nor ``auto``.
    """
    if given == AUTO:
        return cores()
    number = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= _MOST:
        return number
    raise InputError(
        f"{given!r} is no number of jobs; give a whole number from 1 to {_MOST:,}, or '{AUTO}' for one a core"
    )


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
