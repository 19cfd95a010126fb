"""One call of a scanner as a job, and its result.

A job may run on any thread, concurrently with the session: it touches the scanner, the data it was given
and its own request queue, and nothing else. Applying its result is the session's part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from msgspec import Struct, structs

from symscan.clock.wall_clock import Stopwatch
from symscan.model.bar import Floats
from symscan.model.events.session import Outcome, ScanPhase
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.plugins.errors import describe_error
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.jobs.result_validation import ResultError, checked_result
from symscan.scanners.jobs.saved_state import save_state
from symscan.session.requested import Unanswered
from symscan.session.requests import Request, RequestQueue
from symscan.session.unknown_reasons import Reasons


class JobKind(StrEnum):
    """Which of a scanner's methods a job calls."""

    SETUP = "setup"
    SCAN = "scan"
    TEARDOWN = "teardown"


class Evaluation(Struct, frozen=True, eq=False):
    """The evaluation of a scan's result. It is pickled without the candidates that could be judged.

    Attributes
    ----------
    universe
        How many candidates there were.
    symbols
        Candidates, among them at least those that could not be judged.
    reasons
        Why each of ``symbols`` is unknown, ``Reason.NONE`` where it is not.
    values
        What was known of the symbols found, by the names of ``Hits``.
    not_in_store
        Those of the symbols found that the store has no bars of.
    """

    universe: int
    symbols: tuple[str, ...]
    reasons: Reasons
    values: Mapping[str, Floats]
    not_in_store: tuple[str, ...] = ()

    @property
    def unknown(self) -> int:
        """How many candidates could not be judged."""
        return int(np.count_nonzero(self.reasons))

    def __reduce__(self) -> tuple[type[Evaluation], tuple[Any, ...]]:
        unknown = np.flatnonzero(self.reasons)
        symbols = tuple(self.symbols[index] for index in unknown.tolist())
        return Evaluation, (self.universe, symbols, self.reasons[unknown], self.values, self.not_in_store)


EvaluateResult = Callable[[ScanResult, Mapping[str, Unanswered]], Evaluation]
"""Evaluates a result, given the symbols of which no indicator could be read."""


class JobResult(Struct, frozen=True):
    """The result of a job; can be pickled.

    Attributes
    ----------
    name, kind, at
        The scanner, the method called, and the instant it was due.
    outcome, error
        How it ended, and why where it did not succeed. ``outcome`` is None if a timeout was reported
        before: the late result was dropped, and all that is new is that the scanner can be called again.
    has_returned
        Whether the scanner can be called again; False while a call that timed out still runs.
    scan_result
        What the scan returned, checked.
    evaluation
        Of a scan that succeeded.
    universe, indicators
        Of a setup that succeeded: how many symbols the scanner judges, and the keys of what it requested.
    requests
        What the scanner requested during the call.
    saved_state
        The scanner's state after the call, None if it has not changed or cannot be saved.
    """

    name: str
    kind: JobKind
    at: Instant
    outcome: Outcome | None = Outcome.OK
    error: str | None = None
    execution_time_ms: float = 0.0
    has_returned: bool = True
    scan_result: ScanResult | None = None
    evaluation: Evaluation | None = None
    universe: int = 0
    indicators: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    saved_state: bytes | None = None


@dataclass(slots=True)
class Job:
    """One call of a scanner.

    Attributes
    ----------
    name, scanner, context
        The scanner and the context of the call.
    kind
        The method to call.
    request_queue
        Where the context's view records requests.
    timeout_seconds
        How long the call may take.
    base
        The finest interval: that of the session bars a setup requests for the universe.
    phase
        What a scan is due for.
    evaluate
        Evaluates the result of a scan on the data it read; None leaves it unevaluated.
    saved_state
        The scanner's state before the call; ``keeps_state`` says whether it is saved afterwards.
    """

    name: str
    kind: JobKind
    at: Instant
    scanner: BaseScanner
    context: ScanContext
    request_queue: RequestQueue
    timeout_seconds: float
    base: Interval
    phase: ScanPhase = ScanPhase.REGULAR
    evaluate: EvaluateResult | None = None
    saved_state: bytes | None = None
    keeps_state: bool = False
    _returned: JobResult | ScanResult = field(init=False)
    _execution_time_ms: float = field(default=0.0, init=False)

    @property
    def execution_time_ms(self) -> float:
        """How long the call took, 0 before it."""
        return self._execution_time_ms

    def run(self) -> JobResult:
        """Call the scanner and return the result; a fault of the scanner is a result."""
        self.call()
        return self.conclude()

    def call(self) -> None:
        """Call the scanner: the part that runs the user's code."""
        watch = Stopwatch()
        try:
            self._returned = self._call()
        except (Exception, SystemExit) as error:  # the plug-in boundary: a scanner's fault is its outcome
            self._returned = self.failed(error)
        self._execution_time_ms = watch.elapsed_ms

    def conclude(self) -> JobResult:
        """Evaluate what was called, and add the scanner's requests and state."""
        returned = self._returned
        if isinstance(returned, JobResult):
            return self._with_requests(returned)
        outcome, evaluation = _outcome_of(returned), None
        if self.evaluate is not None and outcome is Outcome.OK:
            try:
                evaluation = self._evaluation(returned, self.evaluate)
            except ResultError as error:
                return self._with_requests(self.result(Outcome.FAILED, str(error)))
        return JobResult(
            self.name,
            self.kind,
            self.at,
            outcome,
            returned.error,
            self._execution_time_ms,
            scan_result=returned,
            evaluation=evaluation,
            requests=tuple(self.request_queue.drain()),
            saved_state=self._changed_state() if self.keeps_state else None,
        )

    def result(
        self, outcome: Outcome | None = Outcome.OK, error: str | None = None, **more: Any
    ) -> JobResult:
        """Make a result of this job; ``more`` are further values of it."""
        return JobResult(self.name, self.kind, self.at, outcome, error, **more)

    def failed(self, error: BaseException) -> JobResult:
        """Make the result of a call that raised."""
        what = describe_error(error, type(self.scanner).__module__)
        return self.result(Outcome.FAILED, what if self.kind is JobKind.SCAN else f"{self.kind}(): {what}")

    def timed_out(self, *, has_returned: bool = True) -> JobResult:
        """Make the result of a call that takes too long."""
        fault = f"{self.kind}() took longer than its timeout_seconds ({self.timeout_seconds:g})"
        return self.result(
            Outcome.TIMED_OUT,
            fault,
            execution_time_ms=self.timeout_seconds * 1000.0,
            has_returned=has_returned,
        )

    def _call(self) -> JobResult | ScanResult:
        match self.kind:
            case JobKind.SCAN:
                returned = self.scanner.scan(self.context)
                result = checked_result(returned, len(self.context.session_data.symbols))
                if result.clauses is None and self.context.explains:
                    result.clauses = self.context.judged
                return result
            case JobKind.SETUP:
                return self._setup()
            case JobKind.TEARDOWN:
                self.scanner.teardown(self.context)
                return self.result()

    def _setup(self) -> JobResult:
        """Set the scanner up; its universe is requested first, so that it comes first in every column."""
        returned: object = self.scanner.setup(self.context)
        if not returned:
            hint = "" if returned is False else "; return True to take part, False to be left out"
            return self.result(Outcome.FAILED, f"setup() returned {returned!r}{hint}")
        universe = self.scanner.universe
        wrong = [symbol for symbol in universe if not isinstance(symbol, str)]
        if wrong:
            raise TypeError(f"the universe holds {wrong[0]!r}, which is no symbol")
        self.request_queue.put_first(universe, self.base)
        indicators = tuple(spec.key for spec in self.request_queue.specs())
        return self.result(universe=len(universe), indicators=indicators)

    def _evaluation(self, scan_result: ScanResult, evaluate: EvaluateResult) -> Evaluation:
        """Evaluate a scan on the session its result was computed from."""
        scan_result.execution_time_ms = self._execution_time_ms
        return evaluate(scan_result, self.context.session_data.unanswered())

    def _with_requests(self, result: JobResult) -> JobResult:
        """Return a result with the time of the call, and the scanner's requests and state."""
        return structs.replace(
            result,
            execution_time_ms=self._execution_time_ms,
            requests=tuple(self._requests(result)),
            saved_state=self._changed_state() if self.keeps_state else None,
        )

    def _requests(self, result: JobResult) -> list[Request]:
        """Return the requests: none of a scanner that takes no part, no additions of one that is done."""
        if self.kind is JobKind.SETUP and result.outcome is not Outcome.OK:
            return []
        if self.kind is JobKind.TEARDOWN:
            self.request_queue.drop_additions()
        return self.request_queue.drain()

    def _changed_state(self) -> bytes | None:
        saved_state = save_state(self.scanner)
        return None if saved_state == self.saved_state else saved_state


def _outcome_of(scan_result: ScanResult) -> Outcome:
    if scan_result.error is not None:
        return Outcome.FAILED
    return Outcome.SKIPPED if scan_result.skipped else Outcome.OK
