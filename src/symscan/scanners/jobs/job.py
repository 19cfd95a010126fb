"""One call of a scanner as a job: what it needs, and the verdict that comes of it.

A job may run on any thread, beside the session: it touches the scanner, what it was given to look at
and its own book of requests, and nothing else. What follows from its verdict is the session's part.
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
    """What the engine makes of a scan's result.

    Attributes
    ----------
    universe, unknown
        How many symbols there were to judge, and how many of them could not be.
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


Judge = Callable[[ScanResult, Mapping[str, Unanswered]], Evaluation]
"""Makes a finding of a result, given the symbols of which no indicator could be read."""


@dataclass(frozen=True, slots=True)
class SetupSummary:
    """What a scanner that is set up judges and reads."""

    universe: int
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a job; can be pickled.

    Attributes
    ----------
    outcome, error
        How it ended, and why where it did not end well.
    result, finding
        Of a scan that ended well.
    readied
        Of a setup that ended well.
    requests
        What was asked for meanwhile.
    memory
        What the scanner remembers, None if that is what it was or cannot be kept.
    """

    outcome: Outcome = Outcome.OK
    error: str | None = None
    execution_time_ms: float = 0.0
    result: ScanResult | None = None
    finding: Evaluation | None = None
    readied: SetupSummary | None = None
    requests: tuple[Request, ...] = ()
    memory: bytes | None = None


@dataclass(frozen=True, slots=True)
class JobCompletion:
    """What is to be told of a job.

    Attributes
    ----------
    name, work, at
        Whose, which, and the instant it was due.
    verdict
        What came of it; None if that was told before (it had timed out) and its late answer was dropped.
    is_back
        Whether the scanner can be called again; False while a call that timed out still runs.
    """

    name: str
    work: JobKind
    at: Instant
    verdict: JobResult | None
    is_back: bool = True


@dataclass(slots=True)
class Job(ABC):
    """One call of a scanner.

    Attributes
    ----------
    name, scanner, context
        Whom to call, with what.
    book
        Where the context's view records requests.
    timeout_seconds
        How long the call may take.
    memory
        What the scanner remembered before; ``keeps_memory`` says whether that is of interest.
    """

    name: str
    at: Instant
    scanner: BaseScanner
    context: ScanContext
    book: RequestQueue
    timeout_seconds: float
    memory: bytes | None = None
    keeps_memory: bool = False
    _outcome: Outcome = field(default=Outcome.OK, init=False)
    _error: str | None = field(default=None, init=False)
    _result: ScanResult | None = field(default=None, init=False)
    _execution_time_ms: float = field(default=0.0, init=False)

    work: ClassVar[JobKind]

    def run(self) -> JobResult:
        """Call the scanner and conclude; a fault of the scanner is a verdict."""
        self.call()
        return self.conclude()

    def call(self) -> None:
        """Call the scanner: the part that runs the user's code."""
        watch = Stopwatch()
        try:
            self._call()
        except (Exception, SystemExit) as error:  # the plug-in boundary: a scanner's fault is its outcome
            self._outcome, self._error = Outcome.FAILED, self._blame(self._described(error))
        self._execution_time_ms = watch.elapsed_ms

    def conclude(self) -> JobResult:
        """What came of the call."""
        is_ok = self._outcome is Outcome.OK
        readied, finding = (self._readied(), self._finding()) if is_ok else (None, None)
        return JobResult(
            self._outcome,
            self._error,
            self._execution_time_ms,
            self._result,
            finding,
            readied,
            tuple(self._requests()),
            self._new_memory() if self.keeps_memory else None,
        )

    def failed(self, error: BaseException) -> JobResult:
        """The verdict on a call that raised."""
        return JobResult(Outcome.FAILED, self._blame(self._described(error)))

    def timed_out(self) -> JobResult:
        """The verdict on a call that takes too long."""
        fault = f"{self.work}() took longer than its timeout_seconds ({self.timeout_seconds:g})"
        return JobResult(Outcome.TIMED_OUT, fault, self.timeout_seconds * 1000.0)

    @abstractmethod
    def _call(self) -> None:
        """Call the scanner's method."""

    def _finding(self) -> Evaluation | None:
        """What the engine makes of a call that ended well."""
        return None

    def _readied(self) -> SetupSummary | None:
        """What a call that ended well has made ready."""
        return None

    def _blame(self, what: str) -> str:
        return f"{self.work}(): {what}"

    def _described(self, error: BaseException) -> str:
        return describe_error(error, type(self.scanner).__module__)

    def _requests(self) -> list[Request]:
        return self.book.drain()

    def _new_memory(self) -> bytes | None:
        memory = save_state(self.scanner)
        return None if memory == self.memory else memory


@dataclass(slots=True)
class SetupJob(Job):
    """Sets a scanner up.

    Attributes
    ----------
    base
        The finest interval: of these bars the universe is asked for.
    """

    base: Interval = field(kw_only=True)

    work: ClassVar[JobKind] = JobKind.SETUP

    def _call(self) -> None:
        returned: object = self.scanner.setup(self.context)
        if returned:
            self._adopt_universe()
        else:
            hint = "" if returned is False else "; return True to take part, False to be left out"
            self._outcome, self._error = Outcome.FAILED, f"setup() returned {returned!r}{hint}"

    def _adopt_universe(self) -> None:
        """Ask for the universe's session bars first, so that it comes first in every column."""
        universe = self.scanner.universe
        wrong = [symbol for symbol in universe if not isinstance(symbol, str)]
        if wrong:
            raise TypeError(f"the universe holds {wrong[0]!r}, which is no symbol")
        self.book.put_first(universe, self.base)

    def _readied(self) -> SetupSummary:
        return SetupSummary(len(self.scanner.universe), tuple(spec.key for spec in self.book.specs()))

    def _requests(self) -> list[Request]:
        """What was asked for; nothing of it counts where the scanner takes no part."""
        return self.book.drain() if self._outcome is Outcome.OK else []


@dataclass(slots=True)
class ScanJob(Job):
    """Lets a scanner scan, and judges what it says on the data it saw.

    Attributes
    ----------
    phase
        What the scan is due for.
    judge
        Makes a finding of a result that ended well, given what the scan read and no indicator answered.
    """

    phase: ScanPhase = field(kw_only=True)
    judge: Judge = field(kw_only=True)

    work: ClassVar[JobKind] = JobKind.SCAN

    def _call(self) -> None:
        found = self.scanner.scan(self.context)
        result = self._result = checked_result(found, len(self.context.session_data.symbols))
        if result.error is not None:
            self._outcome, self._error = Outcome.FAILED, result.error
        elif result.skipped:
            self._outcome = Outcome.SKIPPED

    def _finding(self) -> Evaluation | None:
        """The result, held against the session it was found in."""
        result = self._result
        if result is None:
            return None
        result.execution_time_ms = self._execution_time_ms
        try:
            return self.judge(result, self.context.session_data.unanswered())
        except ResultError as error:
            self._outcome, self._error, self._result = Outcome.FAILED, str(error), None
            return None

    def _blame(self, what: str) -> str:
        return what


@dataclass(slots=True)
class TeardownJob(Job):
    """Tears a scanner down; of what it asks for then, only locks and removals count."""

    work: ClassVar[JobKind] = JobKind.TEARDOWN

    def _call(self) -> None:
        self.scanner.teardown(self.context)

    def _requests(self) -> list[Request]:
        self.book.forget_additions()
        return self.book.drain()
