"""Report the verdict on every candidate of a scan: what studies compare hits with, and what explains them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from symscan.model.bar import Floats, Rows
from symscan.model.decisions.clauses import Clause, ClauseKind, reading
from symscan.model.decisions.verdicts import ScanVerdicts, Verdict, VerdictObserver, Verdicts
from symscan.model.events.session import ScanFinished
from symscan.scanners.jobs.job import Evaluation, JobResult
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.candidates import Candidates, parse_column
from symscan.session.session_data import SessionData
from symscan.session.unknown_reasons import Reason

__all__ = ["ScanVerdicts", "Verdict", "VerdictObserver", "VerdictReporter", "Verdicts"]

FOUND: Final = "found"
"""The one clause of a scanner that gives no reasons."""

_ALWAYS_READ: Final = ("close", "change_pct", "volume")


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

    def report(self, managed: ManagedScanner, scan: ScanFinished, result: JobResult) -> None:
        """Report the verdicts of a scan of one scanner's candidates."""
        evaluation, found = result.evaluation, result.scan_result
        assert evaluation is not None and found is not None
        candidates = self._data.candidates(managed.holder)
        verdict = np.where(evaluation.reasons == Reason.NONE, np.int8(Verdict.NO), np.int8(Verdict.UNKNOWN))
        among = np.zeros(self._data.capacity + 1, np.bool_)
        among[self._data.symbols.rows_or_none(scan.hits.symbols)] = True
        among[-1] = False  # of a symbol without a row
        chosen = self._evaluated(candidates, evaluation)
        verdict[among[candidates.rows[chosen]]] = Verdict.HIT
        clauses: Sequence[Clause] = ()
        if self._observer.wants_clauses(managed.name):
            clauses = [_only(one, chosen) for one in found.clauses or ()]
            clauses = clauses or list(self._without_reasons(managed, candidates, chosen, verdict))
        symbols, reasons = evaluation.symbols, evaluation.reasons
        verdicts = ScanVerdicts(
            scan, symbols, verdict, lambda name: candidates.named(name)[chosen], reasons, clauses
        )
        self._observer.on_judged(self._data.session, verdicts)

    @staticmethod
    def _evaluated(candidates: Candidates, evaluation: Evaluation) -> Rows | slice:
        """Return which candidates the scan was about: mostly all."""
        if len(evaluation.symbols) == len(candidates.symbols):
            return slice(None)
        place = {symbol: index for index, symbol in enumerate(candidates.symbols)}
        return np.array([place[symbol] for symbol in evaluation.symbols], np.intp)

    @staticmethod
    def _without_reasons(
        managed: ManagedScanner, candidates: Candidates, chosen: Rows | slice, verdict: Verdicts
    ) -> list[Clause]:
        """Return what there is to say of a scanner that judges nothing: what it had to read."""
        reads = managed.scanner.reads
        if reads is None:
            reads = [*_ALWAYS_READ, *(parse_column(one.key).name for one in candidates.specs())]
        found, no = verdict == Verdict.HIT, verdict == Verdict.NO
        whole = Clause(FOUND, None, None, None, found, no, ClauseKind.FOUND)
        return [whole, *(reading(name, candidates.named(name)[chosen]) for name in dict.fromkeys(reads))]


def _only(clause: Clause, chosen: Rows | slice) -> Clause:
    """Return a clause of some of the candidates."""
    if isinstance(chosen, slice):
        return clause

    def of(values: Floats) -> Floats:
        return values[chosen]

    return replace(
        clause,
        values=None if clause.values is None else of(clause.values),
        limit=of(clause.limit)
        if isinstance(clause.limit, np.ndarray) and clause.limit.ndim
        else clause.limit,
        true=clause.true[chosen],
        false=clause.false[chosen],
        applies=None if clause.applies is None else clause.applies[chosen],
    )
