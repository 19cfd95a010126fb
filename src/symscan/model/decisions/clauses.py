"""Clauses of a scan: the conditions by which symbols became hits, for each candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask

Codes = NDArray[np.uint8]
"""A :class:`Code` each."""


class ClauseKind(StrEnum):
    """What a clause belongs to; the values are those of files."""

    WHERE = "where"
    LEAVE = "leave_when"
    AGE = "max_age_minutes"
    CONFIRM = "confirm_scans"
    HOLD = "hold_minutes"
    COOLDOWN = "cooldown_minutes"
    TAKE = "take"
    JUDGED = "judged"
    FOUND = "found"
    READING = "reading"


class Code(IntEnum):
    """Whether a clause holds for a symbol; the values are those of files, two bits each."""

    FALSE = 0
    TRUE = 1
    UNKNOWN = 2
    NOT_APPLICABLE = 3


DIRECTIONS: Final = {">": 1.0, ">=": 1.0, "<": -1.0, "<=": -1.0}
"""Which way a value has to go to meet a comparison."""

COMPARISONS: Final = (*DIRECTIONS, "=", "<>")
"""The signs of comparisons."""


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """One condition of a scan over ``session_data.symbols``; every array has their shape.

    Attributes
    ----------
    name
        What the condition is, as people read it; unique in the scan, and the same at every scan.
    values
        What was compared, NaN where unknown; None where nothing was.
    op
        How it was compared: one of ``> >= < <= = <>``; None where it was not.
    limit
        With what: a number, or one per symbol; None where it was not.
    true, false
        Where it holds and where not; it is unknown in between.
    kind
        What it belongs to.
    depth
        0; 1 for what stands below the clause before it: a part of it, or a value that it read.
    applies
        Whom it is about; None for everybody.
    labels
        Texts that ``values`` are the numbers of, from 0; None where they are numbers.
    """

    name: str
    values: Floats | None
    op: str | None
    limit: Floats | float | None
    true: Mask
    false: Mask
    kind: ClauseKind = ClauseKind.JUDGED
    depth: int = 0
    applies: Mask | None = None
    labels: Sequence[str] | None = None

    def codes(self) -> Codes:
        """Return whether it holds, a :class:`Code` per symbol."""
        codes = np.where(self.true, np.uint8(Code.TRUE), np.uint8(Code.UNKNOWN))
        codes[self.false] = Code.FALSE
        if self.applies is not None:
            codes[~self.applies] = Code.NOT_APPLICABLE
        return codes


def reading(name: str, values: Floats, labels: Sequence[str] | None = None, depth: int = 1) -> Clause:
    """Make what stands below a clause that read a value without comparing it."""
    nowhere = np.zeros(len(values), np.bool_)
    return Clause(name, values, None, None, nowhere, nowhere, ClauseKind.READING, depth, nowhere, labels)


def compared(op: str, values: Floats, limit: Floats | float) -> tuple[Mask, Mask]:
    """Return where a comparison holds and where not; it is unknown where either side is NaN."""
    known = ~(np.isnan(values) | np.isnan(limit))
    holds: Mask = _OPERATIONS[op](values, limit)
    return holds & known, ~holds & known


def margins(op: str | None, values: Floats, limits: Floats) -> Floats:
    """Return by how much values meet a comparison, negative where they miss it.

    Parameters
    ----------
    op
        Of ``=`` the margin is minus the distance, of ``<>`` the distance; without one it is NaN.
    """
    difference = values - limits
    if op in DIRECTIONS:
        margin = difference * DIRECTIONS[op]
    elif op in COMPARISONS:
        margin = np.abs(difference) * (-1.0 if op == "=" else 1.0)
    else:
        return np.full(np.shape(difference), np.nan)
    return margin + 0.0  # no minus zero


_OPERATIONS: Final = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "=": np.equal,
    "<>": np.not_equal,
}
