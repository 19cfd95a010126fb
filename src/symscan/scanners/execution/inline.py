"""Execute scanners' jobs: the port, and inline execution, as in a backtest."""

from __future__ import annotations

import math
import signal
import threading
from types import FrameType
from typing import Any, Final, Protocol

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

    def close(self, limit_seconds: float) -> None:  # noqa: ARG002 - nothing runs on
        """Restore the signal handler that scans were timed by."""
        _ALARM.restore()


def _call_in_time(job: Job) -> None:
    try:
        _ALARM.start(job.timeout_seconds)
        job.call()
    except _OutOfTime:
        raise _overrun(job.name, job.timeout_seconds) from None
    finally:
        _ALARM.stop()
    if job.execution_time_ms > 1000.0 * job.timeout_seconds:
        raise _overrun(job.name, job.timeout_seconds)


def _overrun(name: str, timeout_seconds: float) -> ScanOverrun:
    return ScanOverrun(
        f"scanner '{name}' took longer than its timeout_seconds ({timeout_seconds:g}); "
        "in a backtest that ends the run, because a clock must not change results"
    )


_TICK_SECONDS: Final = 0.0005
"""More than two clocks of the system may differ by."""


class _Alarm:
    """Interrupts a call after some time; only calls on the main thread, others run on.

    One handler and one timer serve call after call, since to set them costs as much as many a scan: where
    the timer fires before the present call is out of time, it is set again for what is left. Signals are
    the process's, and so is this object.
    """

    __slots__ = ("_deadline", "_fires_at", "_handler", "_previous", "_watch")

    def __init__(self) -> None:
        self._watch = Stopwatch()
        self._deadline = math.inf  # of the present call
        self._fires_at = math.inf  # of the timer
        self._handler = self._interrupt
        self._previous: Any = None

    def start(self, seconds: float) -> None:
        """Begin a call that may take so long."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._deadline = deadline = self._watch.elapsed_seconds + seconds
        if deadline < self._fires_at or not self._is_running():
            self._set(seconds)

    def stop(self) -> None:
        """End the call."""
        self._deadline = math.inf

    def restore(self) -> None:
        """Restore what handled the signal before."""
        is_ours = signal.getsignal(signal.SIGALRM) is self._handler
        if is_ours and threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)
            # What was not set from Python cannot be restored from there.
            signal.signal(signal.SIGALRM, signal.SIG_DFL if self._previous is None else self._previous)
            self._fires_at, self._previous = math.inf, None

    def _is_running(self) -> bool:
        """Whether the timer runs and is ours: a scan, or whoever shares the process, may set the signal."""
        is_ours = signal.getsignal(signal.SIGALRM) is self._handler
        return is_ours and bool(signal.getitimer(signal.ITIMER_REAL)[0])

    def _set(self, seconds: float) -> None:
        if signal.getsignal(signal.SIGALRM) is not self._handler:
            self._previous = signal.signal(signal.SIGALRM, self._handler)
        self._fires_at = self._watch.elapsed_seconds + seconds
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        now = self._watch.elapsed_seconds
        left = self._deadline - now
        is_early = now < self._fires_at - _TICK_SECONDS  # the scan set the timer, and so its own limit
        if left == math.inf:  # between two calls, or after the last one
            self.restore()
        elif left > 0 and not is_early:
            self._set(left)
        else:
            self.restore()
            raise _OutOfTime


_ALARM: Final = _Alarm()
