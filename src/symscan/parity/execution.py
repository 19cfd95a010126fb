"""Execute the scans of a recorded session again: tolerating overruns, and isolated as they were live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from msgspec import structs

from symscan.errors import ScanOverrun
from symscan.model.events.session import Outcome
from symscan.model.instant import to_iso
from symscan.scanners.base import ScanContext
from symscan.scanners.execution.inline import InlineExecution
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.jobs.job import Job, JobKind, JobResult
from symscan.scanners.jobs.saved_state import RemoteScanner
from symscan.session.view import SessionView

_POLL_SECONDS: Final = 0.2


class LenientExecution(InlineExecution):
    """Executes jobs as a backtest does, but reports a job that outlasts its timeout instead of failing.

    A scanner that overran once is not called again for scans that did not end well live. One with its
    own process is killed at its timeout, as it was live.

    Parameters
    ----------
    endings
        How each scan ended in the session, by scanner, instant and phase.
    disabled
        The scanners that could not be set up live, and why.
    """

    def __init__(self, endings: Mapping[tuple[str, str, str], str], disabled: Mapping[str, str]) -> None:
        super().__init__()
        self._endings = endings
        self._disabled = disabled
        self._slow: set[str] = set()
        self._isolated = ThreadedExecution(lambda: None, waits_for_session=True)

    def wait_for(self, job: Job) -> JobResult:
        """Execute a job, unless it is known to take too long."""
        if job.kind is JobKind.SETUP and job.name in self._disabled:
            return job.result(Outcome.FAILED, self._disabled[job.name])
        ending = self._endings.get((job.name, to_iso(job.at), job.phase.value))
        is_hopeless = job.name in self._slow and ending != Outcome.OK
        if is_hopeless and job.kind is JobKind.SCAN:
            return job.timed_out()
        if isinstance(job.scanner, RemoteScanner):
            return self._wait_for_process(job)
        try:
            return super().wait_for(job)
        except ScanOverrun:
            self._slow.add(job.name)
            return job.timed_out()

    def close(self, limit_seconds: float) -> None:
        """End the processes."""
        super().close(limit_seconds)
        self._isolated.close(limit_seconds)

    def _wait_for_process(self, job: Job) -> JobResult:
        job.context = _pinned(job.context)
        finished = self._isolated.wait_for(job)
        if finished.outcome is Outcome.TIMED_OUT:
            self._slow.add(job.name)
        while self._isolated.is_busy(
            job.name
        ):  # its process is killed: the thread that waits for it is back soon
            self._isolated.collect(_POLL_SECONDS)
        return structs.replace(finished, has_returned=True)


def _pinned(context: ScanContext) -> ScanContext:
    """Return the context over a copy of the session, which can be sent to another process."""
    _, (data, book) = context.session_data.__reduce__()
    view = SessionView(data.pinned(), book)
    return replace(context, session_data=view, time_manager=context.time_manager.pinned())
