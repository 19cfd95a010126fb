"""What a scanner manager has to tell, until it is given, each with what was asked for by it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

from symscan.model.events.session import (
    Hits,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
)
from symscan.model.instant import Instant
from symscan.scanners.base import ScanResult
from symscan.scanners.jobs.job import Evaluation, JobResult, ScanJob
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.requests import Request
from symscan.session.session_data import SessionData

ScannerEvent = ScanFinished | ScannerDone


class ScannerOutbox:
    """Events in the order they came; requests are to be carried out once their event is given."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[ScannerEvent, Sequence[Request]]] = deque()
        self._requests: list[Request] = []

    def __bool__(self) -> bool:
        """Whether an event waits."""
        return bool(self._waiting)

    def add(self, event: ScannerEvent, requests: Sequence[Request] = ()) -> None:
        """One more event, and what was asked for with it."""
        self._waiting.append((event, requests))

    def ask(self, requests: Sequence[Request]) -> None:
        """Requests that no event has to be given for."""
        self._requests += requests

    def take(self, *kinds: type[ScannerEvent]) -> Iterator[ScannerEvent]:
        """Give the events of some kinds and leave the others; without a kind, all there are."""
        while not kinds and self._waiting:
            yield self._next()
        for _ in range(len(self._waiting)):
            if isinstance(self._waiting[0][0], kinds):
                yield self._next()
            else:
                self._waiting.rotate(-1)

    def take_requests(self) -> list[Request]:
        """Take out what was asked for with the events that have been given."""
        requests, self._requests = self._requests, []
        return requests

    def _next(self) -> ScannerEvent:
        event, requests = self._waiting.popleft()
        self._requests += requests
        return event


class ScannerEventFactory:
    """Turns verdicts into events, and counts what a scanner's last event tells.

    Parameters
    ----------
    data
        The session.
    clock
        When something is applied, on the market's clock.
    """

    def __init__(self, data: SessionData, clock: Callable[[], Instant]) -> None:
        self._data = data
        self._clock = clock

    def set_up(
        self, managed: ManagedScanner, at: Instant, verdict: JobResult
    ) -> ScannerReady | ScannerDisabled:
        """A setup's end."""
        if verdict.readied is not None:
            return ScannerReady(at, managed.name, verdict.readied.universe, verdict.readied.indicators)
        return self.disabled(managed, at, verdict.error or "setup() failed")

    def disabled(self, managed: ManagedScanner, at: Instant, reason: str) -> ScannerDisabled:
        """A scanner that takes no part."""
        return ScannerDisabled(at, managed.name, reason)

    def scanned(self, managed: ManagedScanner, job: ScanJob, verdict: JobResult) -> ScanFinished:
        """A scan's end, well or not."""
        managed.scans += 1
        lost = ScanResult((), {}, verdict.execution_time_ms, error=verdict.error)
        managed.last_result = verdict.result or lost
        if verdict.finding is not None:
            return self._with_hits(managed, job, verdict, verdict.finding)
        managed.failed += verdict.outcome is not Outcome.SKIPPED
        return self._without_hits(
            managed, job.at, job.phase, verdict.outcome, verdict.error, verdict.execution_time_ms
        )

    def skipped(self, managed: ManagedScanner, at: Instant, phase: ScanPhase, why: str) -> ScanFinished:
        """A scan that was due and did not run."""
        return self._without_hits(managed, at, phase, Outcome.SKIPPED, why)

    def done(self, managed: ManagedScanner, at: Instant, error: str | None) -> ScannerDone:
        """A scanner's end."""
        entries = managed.ledger.entries()
        return ScannerDone(at, managed.name, managed.scans, managed.failed, entries, error)

    def hour(self, at: Instant) -> str:
        """An instant as a message names it."""
        return f"{self._data.session.local(at):%H:%M} (exchange time)"

    def _with_hits(
        self, managed: ManagedScanner, job: ScanJob, verdict: JobResult, finding: Evaluation
    ) -> ScanFinished:
        result = verdict.result
        symbols = tuple(result.symbols) if result is not None else ()
        metadata = result.metadata if result is not None else None
        managed.ledger.record(job.at, finding.symbols, finding.reasons)
        return ScanFinished(
            job.at,
            managed.name,
            job.phase,
            Outcome.OK,
            universe=finding.universe,
            judged=finding.universe - finding.unknown,
            unknown=finding.unknown,
            hits=Hits(
                symbols,
                managed.note_hits(symbols),
                **finding.values,
                metadata=metadata or {},
                not_in_store=finding.not_in_store,
                stray_metadata=result.stray_metadata if result is not None else None,
            ),
            execution_time_ms=verdict.execution_time_ms,
            decided_at=self._clock(),
        )

    def _without_hits(
        self,
        managed: ManagedScanner,
        at: Instant,
        phase: ScanPhase,
        outcome: Outcome,
        error: str | None,
        execution_time_ms: float = 0.0,
    ) -> ScanFinished:
        """The record of a scan that judged nobody."""
        return ScanFinished(
            at,
            managed.name,
            phase,
            outcome,
            universe=len(self._data.candidates(managed.holder).symbols),
            judged=0,
            unknown=0,
            hits=Hits(),
            execution_time_ms=execution_time_ms,
            error=error,
            decided_at=self._clock(),
        )
