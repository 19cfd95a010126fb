"""Events of scanners: made from job results, and queued with their requests until they are published."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from symscan.clock.time_manager import TimeManager
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
from symscan.scanners.jobs.job import Evaluation, JobKind, JobResult
from symscan.scanners.past_scans import PastScan
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.requests import Request
from symscan.session.session_data import SessionData

ScannerEvent = ScanFinished | ScannerDone

_NO_HITS: Final = Hits()


class ScannerEvents:
    """Makes the events of job results, and queues those of scans and teardowns until they are published.

    The requests made in a job are applied once its event is published.

    Parameters
    ----------
    data, time_manager
        The session's state and clock.
    """

    def __init__(self, data: SessionData, time_manager: TimeManager) -> None:
        self._data = data
        self._time = time_manager
        self._pending: deque[tuple[ScannerEvent, Sequence[Request]]] = deque()
        self._requests: list[Request] = []

    # -- the queue ---------------------------------------------------------------------------

    @property
    def are_pending(self) -> bool:
        """Whether an event is queued."""
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

    # -- the events --------------------------------------------------------------------------

    def set_up(self, managed: ManagedScanner, result: JobResult) -> ScannerReady | ScannerDisabled:
        """Make the event of a setup that ended."""
        if result.outcome is Outcome.OK:
            return ScannerReady(result.at, managed.name, result.universe, result.indicators)
        return self.disabled(managed, result.at, result.error or "setup() failed")

    def disabled(self, managed: ManagedScanner, at: Instant, reason: str) -> ScannerDisabled:
        """Make the event of a scanner that takes no part."""
        return ScannerDisabled(at, managed.name, reason)

    def scanned(self, managed: ManagedScanner, phase: ScanPhase, result: JobResult) -> ScanFinished:
        """Make the event of a scan that ended, successful or not, and count it for the scanner's last one."""
        managed.scans += 1
        managed.last_scan = result.at, result.outcome or Outcome.FAILED
        found, evaluation = result.scan_result, result.evaluation
        managed.last_result = found or ScanResult((), {}, result.execution_time_ms, error=result.error)
        if evaluation is not None and found is not None:
            return self._with_hits(managed, phase, result, found, evaluation)
        managed.failed += result.outcome is not Outcome.SKIPPED
        return self._without_hits(managed, phase, result)

    def skipped(self, managed: ManagedScanner, at: Instant, phase: ScanPhase, why: str) -> ScanFinished:
        """Make the event of a scan that was due and did not run."""
        managed.last_scan = at, Outcome.SKIPPED
        return self._without_hits(
            managed, phase, JobResult(managed.name, JobKind.SCAN, at, Outcome.SKIPPED, why)
        )

    def done(self, managed: ManagedScanner, at: Instant, error: str | None) -> ScannerDone:
        """Make a scanner's last event."""
        entries = managed.unknown_tally.entries()
        return ScannerDone(at, managed.name, managed.scans, managed.failed, entries, error)

    def local_time(self, at: Instant) -> str:
        """Format an instant as exchange time, for a message."""
        return f"{self._data.session.local(at):%H:%M} (exchange time)"

    def _with_hits(
        self,
        managed: ManagedScanner,
        phase: ScanPhase,
        result: JobResult,
        found: ScanResult,
        evaluation: Evaluation,
    ) -> ScanFinished:
        managed.ok_scans += 1
        if managed.is_read:
            managed.past.append(_past_scan(result.at, found, evaluation))
        unknown = evaluation.unknown
        managed.unknown_tally.record(result.at, phase, evaluation.symbols, evaluation.reasons)
        return ScanFinished(
            result.at,
            managed.name,
            phase,
            Outcome.OK,
            universe=evaluation.universe,
            judged=evaluation.universe - unknown,
            unknown=unknown,
            hits=_hits(managed, found, evaluation),
            execution_time_ms=result.execution_time_ms,
            decided_at=self._time.market_now,
            note=managed.note,
        )

    def _without_hits(self, managed: ManagedScanner, phase: ScanPhase, result: JobResult) -> ScanFinished:
        """Make the event of a scan that judged no symbol."""
        return ScanFinished(
            result.at,
            managed.name,
            phase,
            result.outcome or Outcome.FAILED,
            universe=len(self._data.candidates(managed.holder).symbols),
            judged=0,
            unknown=0,
            hits=_NO_HITS,
            execution_time_ms=result.execution_time_ms,
            error=result.error,
            decided_at=self._time.market_now,
        )


def _hits(managed: ManagedScanner, found: ScanResult, evaluation: Evaluation) -> Hits:
    """Return the hits of a scan, recorded as found; most scans of many a scanner find nothing."""
    if not found.symbols and found.stray_metadata is None:
        return _NO_HITS
    symbols = tuple(found.symbols)
    return Hits(
        symbols,
        managed.record_hits(symbols),
        **evaluation.values,
        metadata=found.metadata or {},
        not_in_store=evaluation.not_in_store,
        stray_metadata=found.stray_metadata,
    )


def _past_scan(at: Instant, found: ScanResult, evaluation: Evaluation) -> PastScan:
    unknown = np.flatnonzero(evaluation.reasons)
    return PastScan(at, tuple(found.symbols), tuple(evaluation.symbols[place] for place in unknown.tolist()))
