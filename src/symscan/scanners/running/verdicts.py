"""Report the verdict on every candidate of a scan: what studies compare hits with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Rows
from symscan.model.events.session import ScanFinished
from symscan.model.session import Session
from symscan.scanners.jobs.job import Evaluation
from symscan.session.candidates import Candidates
from symscan.session.session_data import SessionData
from symscan.session.unknown_reasons import Reason

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
    """

    scan: ScanFinished
    candidates: Sequence[str]
    verdict: Verdicts
    column: Callable[[str], Floats]


class VerdictObserver(Protocol):
    """Gets the verdicts of every scan that was ok, before its event is published."""

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        """Handle the verdicts of a scan; copy what is kept."""


class VerdictReporter:
    """Passes verdicts to an observer; where nobody observes there is none of it.

    Parameters
    ----------
    data
        The session, as the scan read it: jobs must run inline.
    observer
        Who gets them.
    """

    def __init__(self, data: SessionData, observer: VerdictObserver) -> None:
        self._data = data
        self._observer = observer

    def report(self, holder: str, scan: ScanFinished, evaluation: Evaluation) -> None:
        """Report the verdicts of a scan of one holder's candidates."""
        candidates = self._data.candidates(holder)
        verdict = np.where(evaluation.reasons == Reason.NONE, np.int8(Verdict.NO), np.int8(Verdict.UNKNOWN))
        among = np.zeros(self._data.capacity + 1, np.bool_)
        among[self._data.symbols.rows_or_none(scan.hits.symbols)] = True
        among[-1] = False  # of a symbol without a row
        chosen = self._evaluated(candidates, evaluation)
        verdict[among[candidates.rows[chosen]]] = Verdict.HIT
        symbols = evaluation.symbols
        verdicts = ScanVerdicts(scan, symbols, verdict, lambda name: candidates.named(name)[chosen])
        self._observer.on_judged(self._data.session, verdicts)

    @staticmethod
    def _evaluated(candidates: Candidates, evaluation: Evaluation) -> Rows | slice:
        """Return which candidates the scan was about: mostly all."""
        if len(evaluation.symbols) == len(candidates.symbols):
            return slice(None)
        place = {symbol: index for index, symbol in enumerate(candidates.symbols)}
        return np.array([place[symbol] for symbol in evaluation.symbols], np.intp)
