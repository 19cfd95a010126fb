"""The verdicts of a scan on its candidates, as observers are given them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.model.decisions.clauses import Clause
from symscan.model.events.session import ScanFinished
from symscan.model.session import Session

Verdicts = NDArray[np.int8]
"""A :class:`Verdict` per candidate."""


class Verdict(IntEnum):
    """What a scan said of a candidate."""

    NO = 0
    HIT = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True, eq=False)
class ScanVerdicts:
    """The verdicts of one scan that was ok; valid while the observer is called, and not to be changed.

    Attributes
    ----------
    scan
        The scan's event.
    candidates
        The symbols it had to judge; a symbol it returned may be another one.
    verdict
        The verdict on each of them, shape ``(candidates,)``.
    column
        Returns a session reading of the candidates as of the scan, NaN where unknown.
    reasons
        Why each is unknown, as a number of ``symscan.session.unknown_reasons.Reason``; 0 where it is not.
    clauses
        The conditions by which they were judged, where the observer wants them.
    """

    scan: ScanFinished
    candidates: Sequence[str]
    verdict: Verdicts
    column: Callable[[str], Floats]
    reasons: NDArray[np.int8]
    clauses: Sequence[Clause] = ()


class VerdictObserver(Protocol):
    """Gets the verdicts of every scan that was ok, before its event is published."""

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        """Handle the verdicts of a scan; copy what is kept."""

    def wants_clauses(self, scanner: str) -> bool:
        """Whether the clauses of a scanner's scans are wanted: they cost about as much as a scan."""
