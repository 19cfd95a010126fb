"""The checks of an audit: what each changes, and what a difference means."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from symscan.errors import InputError


class Kind(StrEnum):
    """What a finding is of."""

    FUTURE = "future"
    STATE = "state"
    OTHER = "reproducible"
    UNIVERSE = "universe"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes
    ----------
    name
        By which records name it.
    group
        By which ``--only`` chooses it, and under which the table sums it up.
    kind
        What a difference is a finding of.
    says
        What a difference says, after the scanner's name.
    """

    name: str
    group: str
    kind: Kind
    says: str


CHECKS: Final = {
    one.name: one
    for one in (
        Check("repeated", "repeat", Kind.OTHER, "is not reproducible"),
        Check("environment", "repeat", Kind.OTHER, "reads the environment's variables"),
        Check("future_deleted", "future", Kind.FUTURE, "looks ahead"),
        Check("future_changed", "future", Kind.FUTURE, "looks ahead"),
        Check("future_born", "future", Kind.FUTURE, "looks ahead: it sees who is listed later"),
        Check("later_tables", "future", Kind.FUTURE, "reads later rows of a declared table"),
        Check("universe_columns", "future", Kind.FUTURE, "reads numbers of a universe of another date"),
        Check("clock", "clock", Kind.OTHER, "reads the computer's clock"),
        Check("order", "order", Kind.OTHER, "depends on the order of its universe or of the scanners"),
        Check("unrelated", "unrelated", Kind.OTHER, "depends on symbols it does not judge"),
        Check("half", "unrelated", Kind.OTHER, "says it judges each symbol alone, and does not"),
        Check("sessions_before", "state", Kind.STATE, "depends on the sessions played before"),
        Check("session_after", "state", Kind.STATE, "depends on a later session played before"),
        Check("one_scan", "state", Kind.STATE, "depends on the scans before"),
        Check("files", "files", Kind.FUTURE, "reads what it does not declare"),
    )
}
"""All checks by name, in the order they are reported."""

GROUPS: Final = tuple(dict.fromkeys(one.group for one in CHECKS.values()))

_NEEDS_REPEAT: Final = frozenset(CHECKS) - {"repeated", "files"}


def chosen_checks(only: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the checks to be made; whether scanners are reproducible is always checked.

    Raises
    ------
    InputError
        If a group does not exist.
    """
    for group in only:
        if group not in GROUPS:
            raise InputError(f"there are no checks '{group}'; there are: {', '.join(GROUPS)}")
    return tuple(one.name for one in CHECKS.values() if not only or one.group in (*only, "repeat"))


def needs_repeat(check: str) -> bool:
    """Whether a check says nothing of a scanner that is not reproducible."""
    return check in _NEEDS_REPEAT
