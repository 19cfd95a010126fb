"""Execute scanners' jobs: the port, and inline execution, as in a backtest."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Protocol

from symscan.clock.wall_clock import Stopwatch
from symscan.errors import ScanOverrun
from symscan.scanners.jobs.job import Job, JobKind, JobResult


class _OutOfTime(BaseException):
    """Raised inside a scan that never returns; no scanner's ``except Exception`` holds it back."""


class Execution(Protocol):
    """Runs jobs and returns their results."""

    @property
    def runs_concurrently(self) -> bool:
        """Whether the session goes on while jobs run: they need a pinned copy of its data."""

    def submit(self, job: Job) -> None:
        """Start a job; its scanner must not be busy."""

    def collect(self, wait_seconds: float = 0.0) -> list[JobResult]:
        """Return and clear the results, in the order they came.

        Parameters
        ----------
        wait_seconds
            How long to wait for a result while jobs run; 0 leaves that to the execution, which
            may wait until all are done.
        """

    def wait_for(self, job: Job) -> JobResult:
        """Run a job before the stream begins, and wait until it is done or has timed out."""

    def is_busy(self, name: str) -> bool:
        """Whether a scanner's job still runs, also one that has timed out."""

    def close(self, limit_seconds: float) -> None:
        """End; wait so long for running jobs, whose results are dropped."""


class InlineExecution:
    """Runs a job while the session waits.

    A wall clock must not change a backtest's results, so a scan that outlasts its timeout ends the
    run instead of being dropped.
    """

    runs_concurrently = False

    def __init__(self) -> None:
        self._ready: list[JobResult] = []

    def submit(self, job: Job) -> None:
        """Run a job.

        Raises
        ------
        ScanOverrun
            If a scan took longer than its timeout.
        """
        self._ready.append(self.wait_for(job))

    def collect(self, wait_seconds: float = 0.0) -> list[JobResult]:  # noqa: ARG002 - it has been waited for
        """Return the results since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def wait_for(self, job: Job) -> JobResult:
        """Run a job; see :meth:`submit`."""
        if job.kind is JobKind.SCAN:
            _call_in_time(job)
        else:
            job.call()
        return job.conclude()

    def is_busy(self, name: str) -> bool:  # noqa: ARG002 - every job is done by now
        """Always False: every job is done when ``submit`` returns."""
        return False

    def close(self, limit_seconds: float) -> None:
        """Nothing runs on."""


def _call_in_time(job: Job) -> None:
    watch = Stopwatch()
    try:
        with _Alarm(job.timeout_seconds):
            job.call()
    except _OutOfTime:
        raise _overrun(job.name, job.timeout_seconds) from None
    if watch.elapsed_seconds > job.timeout_seconds:
        raise _overrun(job.name, job.timeout_seconds)


def _overrun(name: str, timeout_seconds: float) -> ScanOverrun:
    return ScanOverrun(
        f"scanner '{name}' took longer than its timeout_seconds ({timeout_seconds:g}); "
        "in a backtest that ends the run, because a clock must not change results"
    )


class _Alarm:
    """Interrupts its body after some time; only the main thread can, elsewhere the body runs on."""

    __slots__ = ("_previous", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._previous: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGALRM, _interrupt)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *exception: object) -> None:
        if self._previous is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._previous)


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise _OutOfTime
