"""Scanner events: made from job results, and queued with their requests until they are published."""

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
    """A queue of events with their requests, which are applied once their event is published."""

    def __init__(self) -> None:
        self._pending: deque[tuple[ScannerEvent, Sequence[Request]]] = deque()
        self._requests: list[Request] = []

    def __bool__(self) -> bool:
        """Whether an event is pending."""
        return bool(self._pending)

    def add(self, event: ScannerEvent, requests: Sequence[Request] = ()) -> None:
        """Queue an event and the requests made with it."""
        self._pending.append((event, requests))

    def add_requests(self, requests: Sequence[Request]) -> None:
        """Add requests that belong to no event."""
        self._requests += requests

    def take(self, *kinds: type[ScannerEvent]) -> Iterator[ScannerEvent]:
        """Yield and remove the events of some kinds and leave the others; without a kind, all of them."""
        while not kinds and self._pending:
            yield self._next()
        for _ in range(len(self._pending)):
            if isinstance(self._pending[0][0], kinds):
                yield self._next()
            else:
                self._pending.rotate(-1)

    def take_requests(self) -> list[Request]:
        """Return and clear the requests of the events that were taken."""
        requests, self._requests = self._requests, []
        return requests

    def _next(self) -> ScannerEvent:
        event, requests = self._pending.popleft()
        self._requests += requests
        return event


class ScannerEventFactory:
    """Turns job results into events, and counts scans for a scanner's last event.

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
        self, managed: ManagedScanner, at: Instant, result: JobResult
    ) -> ScannerReady | ScannerDisabled:
        """Make the event of a setup that ended."""
        if result.setup_summary is not None:
            return ScannerReady(
                at, managed.name, result.setup_summary.universe, result.setup_summary.indicators
            )
        return self.disabled(managed, at, result.error or "setup() failed")

    def disabled(self, managed: ManagedScanner, at: Instant, reason: str) -> ScannerDisabled:
        """Make the event of a scanner that takes no part."""
        return ScannerDisabled(at, managed.name, reason)

    def scanned(self, managed: ManagedScanner, job: ScanJob, result: JobResult) -> ScanFinished:
        """Make the event of a scan that ended, successful or not."""
        managed.scans += 1
        lost = ScanResult((), {}, result.execution_time_ms, error=result.error)
        managed.last_result = result.result or lost
        if result.evaluation is not None:
            return self._with_hits(managed, job, result, result.evaluation)
        managed.failed += result.outcome is not Outcome.SKIPPED
        return self._without_hits(
            managed, job.at, job.phase, result.outcome, result.error, result.execution_time_ms
        )

    def skipped(self, managed: ManagedScanner, at: Instant, phase: ScanPhase, why: str) -> ScanFinished:
        """Make the event of a scan that was due and did not run."""
        return self._without_hits(managed, at, phase, Outcome.SKIPPED, why)

    def done(self, managed: ManagedScanner, at: Instant, error: str | None) -> ScannerDone:
        """Make a scanner's last event."""
        entries = managed.unknown_tally.entries()
        return ScannerDone(at, managed.name, managed.scans, managed.failed, entries, error)

    def local_time(self, at: Instant) -> str:
        """Format an instant as exchange time, for a message."""
        return f"{self._data.session.local(at):%H:%M} (exchange time)"

    def _with_hits(
        self, managed: ManagedScanner, job: ScanJob, result: JobResult, evaluation: Evaluation
    ) -> ScanFinished:
        found = result.result
        symbols = tuple(found.symbols) if found is not None else ()
        metadata = found.metadata if found is not None else None
        managed.unknown_tally.record(job.at, evaluation.symbols, evaluation.reasons)
        return ScanFinished(
            job.at,
            managed.name,
            job.phase,
            Outcome.OK,
            universe=evaluation.universe,
            judged=evaluation.universe - evaluation.unknown,
            unknown=evaluation.unknown,
            hits=Hits(
                symbols,
                managed.record_hits(symbols),
                **evaluation.values,
                metadata=metadata or {},
                not_in_store=evaluation.not_in_store,
                stray_metadata=found.stray_metadata if found is not None else None,
            ),
            execution_time_ms=result.execution_time_ms,
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
        """Make the event of a scan that judged no symbol."""
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
