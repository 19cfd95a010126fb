"""Jobs on threads beside the session, and the timer that wakes it when one of them takes too long."""

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

from symscan.scanners.jobs.job import Job, JobCompletion, JobResult
from symscan.scanners.jobs.saved_state import RemoteScanner

_LONGEST_WATCH = 3600.0
"""Seconds; a queue takes no endless timeout."""

_LONGEST_WAIT = 0.2
"""Seconds at a time: where the system gives Ctrl-C to another thread, this one hears of it only then."""

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
        self._given: SimpleQueue[_Deadline | None] = SimpleQueue()
        self._numbers = count()  # equal deadlines are compared by them
        self._thread: Thread | None = None

    def add(self, deadline: float, over: Event) -> None:
        """Watch a deadline, on the monotonic clock; it matters unless ``over`` is set by then."""
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="scan deadlines", daemon=True)
            self._thread.start()
        self._given.put((deadline, next(self._numbers), over))

    def close(self) -> None:
        """Watch no more."""
        self._given.put(None)

    def _watch(self) -> None:
        pending: list[_Deadline] = []
        while True:
            try:
                given = self._given.get(timeout=self._seconds_to(pending))
            except Empty:
                self._pass(pending)
                continue
            if given is None:
                return
            heappush(pending, given)

    def _pass(self, pending: list[_Deadline]) -> None:
        has_passed = False
        while pending and pending[0][0] <= self._monotonic():
            has_passed |= not heappop(pending)[2].is_set()
        if has_passed:
            self._wake()

    def _seconds_to(self, pending: list[_Deadline]) -> float:
        soonest = pending[0][0] - self._monotonic() if pending else _LONGEST_WATCH
        return min(max(soonest, 0.0), _LONGEST_WATCH)


@dataclass(slots=True)
class _Running:
    """A job that was begun; ``is_told`` once it timed out, ``over`` once its thread is back."""

    job: Job
    deadline: float
    is_told: bool = False
    over: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a thread hands over, and when, on the monotonic clock."""

    job: Job
    verdict: JobResult
    ended_at: float


class ThreadedExecution:
    """Carries out jobs on threads; the session's own thread begins them and takes what they bring.

    Every scanner has a thread of its own: in a shared pool, one that never returns would starve its
    neighbours. The threads are daemons, so that none of them keeps the process from ending.

    Parameters
    ----------
    wake
        Called, on another thread, when there is something to collect.
    waits_for_session
        Whether the session can wait: :meth:`collect` then does, until every job is done or timed out,
        where it is not told how long.
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
        self._is_patient = waits_for_session
        self._monotonic = monotonic
        self._queues: dict[str, SimpleQueue[Job | None]] = {}
        self._answers: SimpleQueue[_Answer] = SimpleQueue()
        self._running: dict[str, _Running] = {}
        self._ready: list[JobCompletion] = []
        self._deadlines = DeadlineTimer(wake, monotonic)
        self._switch_seconds = sys.getswitchinterval()

    def submit(self, job: Job) -> None:
        """Begin a job.

        Raises
        ------
        ValueError
            If its scanner is busy.
        """
        if job.name in self._running:
            raise ValueError(f"scanner '{job.name}' is busy; collect its job first")
        running = self._running[job.name] = _Running(job, self._monotonic() + job.timeout_seconds)
        self._deadlines.add(running.deadline, running.over)
        self._queue(job.name).put(job)

    def collect(self, wait_seconds: float = 0.0) -> list[JobCompletion]:
        """Take out what there is to tell; waits at most so long for the first of it, patience or not."""
        if self._is_patient and not wait_seconds:
            self._take_in(math.inf, lambda: not self._is_awaited() or not self._is_patient)
        else:
            until = self._monotonic() + wait_seconds
            self._take_in(until, lambda: bool(self._ready) or not self._is_awaited())
        ready, self._ready = self._ready, []
        return ready

    def stop_waiting(self) -> None:
        """Wait no more where not told how long: the session is to end; any thread may."""
        self._is_patient = False

    def wait_for(self, job: Job) -> JobCompletion:
        """Carry out a job and wait until it is done or has timed out."""
        self.submit(job)
        running = self._running[job.name]
        self._take_in(math.inf, lambda: running.over.is_set() or running.is_told)
        (found,) = (one for one in self._ready if one.name == job.name)
        self._ready.remove(found)
        return found

    def is_busy(self, name: str) -> bool:
        """Whether a scanner's thread has not come back."""
        return name in self._running

    def close(self, limit_seconds: float) -> None:
        """Wait so long for what runs, then let the threads end; one that never returns is left behind."""
        self._take_in(self._monotonic() + limit_seconds, lambda: not self._is_awaited())
        for running in self._running.values():
            if isinstance(running.job.scanner, RemoteScanner):
                running.job.scanner.close()
        for queue in self._queues.values():
            queue.put(None)
        self._deadlines.close()
        self._restore_switching()

    def _is_awaited(self) -> bool:
        """Whether anything runs that has not timed out."""
        return any(not running.is_told for running in self._running.values())

    def _take_in(self, until: float, is_enough: Callable[[], bool]) -> None:
        """Take answers in until there are enough, or the monotonic clock says so."""
        while True:
            while not self._answers.empty():
                self._note(self._answers.get())
            self._give_up()
            now = self._monotonic()
            if is_enough() or now >= until:
                break
            open_ends = [one.deadline for one in self._running.values() if not one.is_told]
            self._wait(min([until, *open_ends]) - now)
        self._restore_switching()

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._note(self._answers.get(timeout=min(max(seconds, 0.0), _LONGEST_WAIT)))

    def _note(self, answer: _Answer) -> None:
        """An answer counts if its job ended in time, however late the session looks."""
        job, running = answer.job, self._running.pop(answer.job.name)
        running.over.set()
        verdict: JobResult | None = answer.verdict
        if running.is_told:
            verdict = None
        elif answer.ended_at > running.deadline:
            verdict = job.timed_out()
        self._ready.append(JobCompletion(job.name, job.work, job.at, verdict))

    def _give_up(self) -> None:
        now = self._monotonic()
        for running in self._running.values():
            if not running.is_told and now >= running.deadline:
                running.is_told = True
                job = running.job
                self._ready.append(JobCompletion(job.name, job.work, job.at, job.timed_out(), is_back=False))
                _kill(job)

    def _queue(self, name: str) -> SimpleQueue[Job | None]:
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = SimpleQueue()
            Thread(target=self._work, args=(queue,), name=f"scanner {name}", daemon=True).start()
        return queue

    def _work(self, jobs: SimpleQueue[Job | None]) -> None:
        """A scanner's thread: one job after the other."""
        while self._apply(jobs.get()):
            self._wake()

    def _apply(self, job: Job | None) -> bool:
        """Carry out a job and hand its verdict over; nothing is held while the thread waits for the next."""
        if job is None:
            return False
        try:
            verdict = job.run()
        except BaseException as fault:  # the plug-in boundary: a thread that dies would answer no more
            verdict = job.failed(fault)
        self._restore_switching()
        self._answers.put(_Answer(job, verdict, self._monotonic()))
        return True

    def _restore_switching(self) -> None:
        """A scanner may have changed how often threads take turns: that is the whole process's."""
        if sys.getswitchinterval() != self._switch_seconds:
            sys.setswitchinterval(self._switch_seconds)


def _kill(job: Job) -> None:
    if isinstance(job.scanner, RemoteScanner):
        job.scanner.kill()
