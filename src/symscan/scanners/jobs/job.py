"""One call of a scanner as a job, and its result.

A job may run on any thread, concurrently with the session: it touches the scanner, the data it was given
and its own request queue, and nothing else. Applying its result is the session's part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

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


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The evaluation of a scan's result.

    Attributes
    ----------
    universe, unknown
        How many candidates there were, and how many of them could not be judged.
    symbols
        Candidates, among them at least the unknown ones.
    reasons
        Why each of ``symbols`` is unknown, ``Reason.NONE`` where it is not.
    values
        What was known of the symbols found, by the names of ``Hits``.
    not_in_store
        Those of the symbols found that the store has no bars of.
    """

    universe: int
    unknown: int
    symbols: tuple[str, ...]
    reasons: Reasons
    values: Mapping[str, Floats]
    not_in_store: tuple[str, ...] = ()


EvaluateResult = Callable[[ScanResult, Mapping[str, Unanswered]], Evaluation]
"""Evaluates a result, given the symbols of which no indicator could be read."""


@dataclass(frozen=True, slots=True)
class SetupSummary:
    """What a scanner that is set up judges and reads."""

    universe: int
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job; can be pickled.

    Attributes
    ----------
    outcome, error
        How it ended, and why where it did not succeed.
    result, evaluation
        Of a scan that succeeded.
    setup_summary
        Of a setup that succeeded.
    requests
        What the scanner requested during the call.
    saved_state
        The scanner's state after the call, None if it has not changed or cannot be saved.
    """

    outcome: Outcome = Outcome.OK
    error: str | None = None
    execution_time_ms: float = 0.0
    result: ScanResult | None = None
    evaluation: Evaluation | None = None
    setup_summary: SetupSummary | None = None
    requests: tuple[Request, ...] = ()
    saved_state: bytes | None = None


@dataclass(frozen=True, slots=True)
class JobCompletion:
    """The completion of a job.

    Attributes
    ----------
    name, kind, at
        The scanner, the method called, and the instant it was due.
    result
        Its result; None if a timeout was reported before and the late result was dropped.
    has_returned
        Whether the scanner can be called again; False while a call that timed out still runs.
    """

    name: str
    kind: JobKind
    at: Instant
    result: JobResult | None
    has_returned: bool = True


@dataclass(slots=True)
class Job(ABC):
    """One call of a scanner.

    Attributes
    ----------
    name, scanner, context
        The scanner and the context of the call.
    request_queue
        Where the context's view records requests.
    timeout_seconds
        How long the call may take.
    saved_state
        The scanner's state before the call; ``keeps_state`` says whether it is saved afterwards.
    """

    name: str
    at: Instant
    scanner: BaseScanner
    context: ScanContext
    request_queue: RequestQueue
    timeout_seconds: float
    saved_state: bytes | None = None
    keeps_state: bool = False
    _outcome: Outcome = field(default=Outcome.OK, init=False)
    _error: str | None = field(default=None, init=False)
    _result: ScanResult | None = field(default=None, init=False)
    _execution_time_ms: float = field(default=0.0, init=False)

    kind: ClassVar[JobKind]

    def run(self) -> JobResult:
        """Call the scanner and return the result; a fault of the scanner is a result."""
        self.call()
        return self.conclude()

    def call(self) -> None:
        """Call the scanner: the part that runs the user's code."""
        watch = Stopwatch()
        try:
            self._call()
        except (Exception, SystemExit) as error:  # the plug-in boundary: a scanner's fault is its outcome
            self._outcome, self._error = Outcome.FAILED, self._fault_text(self._describe(error))
        self._execution_time_ms = watch.elapsed_ms

    def conclude(self) -> JobResult:
        """Make the result of the call."""
        is_ok = self._outcome is Outcome.OK
        setup_summary, evaluation = (self._setup_summary(), self._evaluation()) if is_ok else (None, None)
        return JobResult(
            self._outcome,
            self._error,
            self._execution_time_ms,
            self._result,
            evaluation,
            setup_summary,
            tuple(self._requests()),
            self._changed_state() if self.keeps_state else None,
        )

    def failed(self, error: BaseException) -> JobResult:
        """Make the result of a call that raised."""
        return JobResult(Outcome.FAILED, self._fault_text(self._describe(error)))

    def timed_out(self) -> JobResult:
        """Make the result of a call that takes too long."""
        fault = f"{self.kind}() took longer than its timeout_seconds ({self.timeout_seconds:g})"
        return JobResult(Outcome.TIMED_OUT, fault, self.timeout_seconds * 1000.0)

    @abstractmethod
    def _call(self) -> None:
        """Call the scanner's method."""

    def _evaluation(self) -> Evaluation | None:
        """Evaluate a call that succeeded; None where there is nothing to evaluate."""
        return None

    def _setup_summary(self) -> SetupSummary | None:
        """Summarize a setup that succeeded; None for other calls."""
        return None

    def _fault_text(self, what: str) -> str:
        return f"{self.kind}(): {what}"

    def _describe(self, error: BaseException) -> str:
        return describe_error(error, type(self.scanner).__module__)

    def _requests(self) -> list[Request]:
        return self.request_queue.drain()

    def _changed_state(self) -> bytes | None:
        saved_state = save_state(self.scanner)
        return None if saved_state == self.saved_state else saved_state


@dataclass(slots=True)
class SetupJob(Job):
    """Sets a scanner up.

    Attributes
    ----------
    base
        The finest interval: that of the session bars requested for the universe.
    """

    base: Interval = field(kw_only=True)

    kind: ClassVar[JobKind] = JobKind.SETUP

    def _call(self) -> None:
        returned: object = self.scanner.setup(self.context)
        if returned:
            self._adopt_universe()
        else:
            hint = "" if returned is False else "; return True to take part, False to be left out"
            self._outcome, self._error = Outcome.FAILED, f"setup() returned {returned!r}{hint}"

    def _adopt_universe(self) -> None:
        """Request the universe's session bars first, so that it comes first in every column."""
        universe = self.scanner.universe
        wrong = [symbol for symbol in universe if not isinstance(symbol, str)]
        if wrong:
            raise TypeError(f"the universe holds {wrong[0]!r}, which is no symbol")
        self.request_queue.put_first(universe, self.base)

    def _setup_summary(self) -> SetupSummary:
        return SetupSummary(
            len(self.scanner.universe), tuple(spec.key for spec in self.request_queue.specs())
        )

    def _requests(self) -> list[Request]:
        """Return the requests; none where the scanner takes no part."""
        return self.request_queue.drain() if self._outcome is Outcome.OK else []


@dataclass(slots=True)
class ScanJob(Job):
    """Runs one scan, and evaluates its result on the data it read.

    Attributes
    ----------
    phase
        What the scan is due for.
    evaluate
        Evaluates a result, given what the scan read and no indicator answered.
    """

    phase: ScanPhase = field(kw_only=True)
    evaluate: EvaluateResult = field(kw_only=True)

    kind: ClassVar[JobKind] = JobKind.SCAN

    def _call(self) -> None:
        found = self.scanner.scan(self.context)
        result = self._result = checked_result(found, len(self.context.session_data.symbols))
        if result.error is not None:
            self._outcome, self._error = Outcome.FAILED, result.error
        elif result.skipped:
            self._outcome = Outcome.SKIPPED

    def _evaluation(self) -> Evaluation | None:
        """Evaluate the result on the session it was computed from."""
        result = self._result
        if result is None:
            return None
        result.execution_time_ms = self._execution_time_ms
        try:
            return self.evaluate(result, self.context.session_data.unanswered())
        except ResultError as error:
            self._outcome, self._error, self._result = Outcome.FAILED, str(error), None
            return None

    def _fault_text(self, what: str) -> str:
        return what


@dataclass(slots=True)
class TeardownJob(Job):
    """Tears a scanner down; of its requests then, only locks and removals are applied."""

    kind: ClassVar[JobKind] = JobKind.TEARDOWN

    def _call(self) -> None:
        self.scanner.teardown(self.context)

    def _requests(self) -> list[Request]:
        self.request_queue.drop_additions()
        return self.request_queue.drain()
