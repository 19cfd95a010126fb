"""Execute jobs on threads, one for each scanner, with a timer that wakes the session at their deadlines."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Final

from symscan.scanners.jobs.job import Job, JobResult
from symscan.scanners.jobs.saved_state import RemoteScanner

_LONGEST_TIMER_WAIT: Final = 3600.0
"""Seconds; a queue takes no endless timeout."""

_LONGEST_WAIT: Final = 0.2
"""Seconds at a time: where the system gives Ctrl-C to another thread, this one handles it only then."""

_Deadline = tuple[float, int, Event]


class DeadlineTimer:
    """Calls ``wake`` when a deadline passes that still matters.

    Parameters
    ----------
    wake
        Called on a thread of its own.
    monotonic
        Real seconds.
    """

    def __init__(self, wake: Callable[[], None], monotonic: Callable[[], float]) -> None:
        self._wake = wake
        self._monotonic = monotonic
        self._added: SimpleQueue[_Deadline | None] = SimpleQueue()
        self._numbers = count()  # equal deadlines are compared by them
        self._thread: Thread | None = None

    def add(self, deadline: float, done: Event) -> None:
        """Add a deadline, on the monotonic clock; it matters unless ``done`` is set by then."""
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="scan deadlines", daemon=True)
            self._thread.start()
        self._added.put((deadline, next(self._numbers), done))

    def close(self) -> None:
        """Stop the timer."""
        self._added.put(None)

    def _watch(self) -> None:
        pending: list[_Deadline] = []
        while True:
            try:
                added = self._added.get(timeout=self._seconds_to(pending))
            except Empty:
                self._handle_passed(pending)
                continue
            if added is None:
                return
            heappush(pending, added)

    def _handle_passed(self, pending: list[_Deadline]) -> None:
        has_passed = False
        while pending and pending[0][0] <= self._monotonic():
            has_passed |= not heappop(pending)[2].is_set()
        if has_passed:
            self._wake()

    def _seconds_to(self, pending: list[_Deadline]) -> float:
        soonest = pending[0][0] - self._monotonic() if pending else _LONGEST_TIMER_WAIT
        return min(max(soonest, 0.0), _LONGEST_TIMER_WAIT)


@dataclass(slots=True)
class _Running:
    """A job that was started; ``is_reported`` once it timed out, ``done`` once its thread has returned."""

    job: Job
    deadline: float
    is_reported: bool = False
    done: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class _ThreadResult:
    """A job's result from its thread, and when it ended, on the monotonic clock."""

    job: Job
    result: JobResult
    ended_at: float


class ThreadedExecution:
    """Runs jobs on threads; the session's own thread submits them and collects their results.

    Every scanner has a thread of its own: in a shared pool, one that never returns would starve its
    neighbours. The threads are daemons, so that none of them keeps the process from ending.

    Parameters
    ----------
    wake
        Called, on another thread, when there is something to collect.
    waits_for_session
        Whether the session can wait: :meth:`collect` without a limit then does, until every job is
        done or timed out.
    monotonic
        Real seconds, for timeouts.
    """

    runs_concurrently = True

    def __init__(
        self,
        wake: Callable[[], None],
        *,
        waits_for_session: bool = False,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._wake = wake
        self._waits_for_session = waits_for_session
        self._monotonic = monotonic
        self._queues: dict[str, SimpleQueue[Job | None]] = {}
        self._results: SimpleQueue[_ThreadResult] = SimpleQueue()
        self._running: dict[str, _Running] = {}
        self._ready: list[JobResult] = []
        self._deadlines = DeadlineTimer(wake, monotonic)
        self._switch_seconds = sys.getswitchinterval()

    def submit(self, job: Job) -> None:
        """Start a job.

        Raises
        ------
        ValueError
            If its scanner is busy.
        """
        if job.name in self._running:
            raise ValueError(f"scanner '{job.name}' is busy; collect its job first")
        running = self._running[job.name] = _Running(job, self._monotonic() + job.timeout_seconds)
        self._deadlines.add(running.deadline, running.done)
        self._queue(job.name).put(job)

    def collect(self, wait_seconds: float = 0.0) -> list[JobResult]:
        """Return and clear the results; wait at most so long for the first of them."""
        if self._waits_for_session and not wait_seconds:
            self._receive_until(math.inf, lambda: not self._has_pending() or not self._waits_for_session)
        else:
            until = self._monotonic() + wait_seconds
            self._receive_until(until, lambda: bool(self._ready) or not self._has_pending())
        ready, self._ready = self._ready, []
        return ready

    def stop_waiting(self) -> None:
        """Cancel waits without a limit: the session is stopping; may be called from any thread."""
        self._waits_for_session = False

    def wait_for(self, job: Job) -> JobResult:
        """Run a job and wait until it is done or has timed out."""
        self.submit(job)
        running = self._running[job.name]
        self._receive_until(math.inf, lambda: running.done.is_set() or running.is_reported)
        (found,) = (one for one in self._ready if one.name == job.name)
        self._ready.remove(found)
        return found

    def is_busy(self, name: str) -> bool:
        """Whether a scanner's thread is still running a job."""
        return name in self._running

    def close(self, limit_seconds: float) -> None:
        """Wait so long for running jobs, then end the threads; one that never returns is left behind."""
        self._receive_until(self._monotonic() + limit_seconds, lambda: not self._has_pending())
        for running in self._running.values():
            if isinstance(running.job.scanner, RemoteScanner):
                running.job.scanner.close()
        for queue in self._queues.values():
            queue.put(None)
        self._deadlines.close()
        self._restore_switching()

    def _has_pending(self) -> bool:
        """Whether any job runs that has not timed out."""
        return any(not running.is_reported for running in self._running.values())

    def _receive_until(self, until: float, is_enough: Callable[[], bool]) -> None:
        """Receive results until there are enough, or the monotonic clock reaches ``until``."""
        while True:
            while not self._results.empty():
                self._record(self._results.get())
            self._report_timeouts()
            now = self._monotonic()
            if is_enough() or now >= until:
                break
            open_ends = [one.deadline for one in self._running.values() if not one.is_reported]
            self._wait(min([until, *open_ends]) - now)
        self._restore_switching()

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._record(self._results.get(timeout=min(max(seconds, 0.0), _LONGEST_WAIT)))

    def _record(self, thread_result: _ThreadResult) -> None:
        """Record a result; it counts if its job ended in time, however late it is received."""
        job, running = thread_result.job, self._running.pop(thread_result.job.name)
        running.done.set()
        result = thread_result.result
        if running.is_reported:
            result = job.result(outcome=None)
        elif thread_result.ended_at > running.deadline:
            result = job.timed_out()
        self._ready.append(result)

    def _report_timeouts(self) -> None:
        now = self._monotonic()
        for running in self._running.values():
            if not running.is_reported and now >= running.deadline:
                running.is_reported = True
                self._ready.append(running.job.timed_out(has_returned=False))
                _kill(running.job)

    def _queue(self, name: str) -> SimpleQueue[Job | None]:
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = SimpleQueue()
            Thread(target=self._work, args=(queue,), name=f"scanner {name}", daemon=True).start()
        return queue

    def _work(self, jobs: SimpleQueue[Job | None]) -> None:
        """Run one job after the other, on a scanner's thread."""
        while self._run_job(jobs.get()):
            self._wake()

    def _run_job(self, job: Job | None) -> bool:
        """Run a job and queue its result; nothing is referenced while the thread waits for the next."""
        if job is None:
            return False
        try:
            result = job.run()
        except BaseException as fault:  # the plug-in boundary: a thread that dies would run no more jobs
            result = job.failed(fault)
        self._restore_switching()
        self._results.put(_ThreadResult(job, result, self._monotonic()))
        return True

    def _restore_switching(self) -> None:
        """Restore how often threads take turns: a scanner may have changed it for the whole process."""
        if sys.getswitchinterval() != self._switch_seconds:
            sys.setswitchinterval(self._switch_seconds)


def _kill(job: Job) -> None:
    if isinstance(job.scanner, RemoteScanner):
        job.scanner.kill()
