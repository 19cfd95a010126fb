"""The scanners of a session: set up, run when due, torn down after their last scan."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.errors import InputError, ScannerFailed, ScanOverrun
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDone, ScanPhase
from symscan.model.instant import Instant
from symscan.scanners.execution.inline import Execution, InlineExecution
from symscan.scanners.jobs.job import Job, JobCompletion, JobKind, JobResult, ScanJob
from symscan.scanners.running.events import ScannerEvent, ScannerEventFactory, ScannerOutbox
from symscan.scanners.running.job_factory import JobFactory
from symscan.scanners.running.managed_scanner import ManagedScanner, ScannerState, Timetable
from symscan.session.requests import Request
from symscan.session.session_data import SessionData

_LONGEST_WAIT_SECONDS: Final = 60.0
_SHORTEST_WAIT_SECONDS: Final = 0.001
"""Not none at all: how long nothing is waited for is left to an execution that may be patient."""


class ScannerManager:
    """Runs the scanners of one session and reports what they did as events.

    Every call of a scanner is a job given to the execution; what came of it is applied when it is
    collected, which in a backtest is at once.

    Parameters
    ----------
    scanners
        The enabled scanners in the order of the configuration.
    session_data, time_manager
        The session's state and clock.
    mode
        What scanners are told in their context.
    execution
        What carries out their jobs; None does so at once.
    place
        Loads today's bars of symbols that have none yet: a hit outside its scanner's universe has its
        values at once, whoever else may have loaded it. None leaves them unknown.
    place_on
        The same into a session given to it: for scans beside the stream, called on their threads.
    clock
        The market's clock, for when a result is applied; None asks the session's.
    stopwatch
        Measures how long what runs is waited for, where that has a limit.
    stored
        The symbols the store has bars of, as of now; None for those of them that the session has.
    """

    def __init__(
        self,
        scanners: Sequence[ManagedScanner],
        session_data: SessionData,
        time_manager: TimeManager,
        mode: str = "backtest",
        execution: Execution | None = None,
        place: Callable[[Sequence[str]], None] | None = None,
        place_on: Callable[[SessionData, Sequence[str]], None] | None = None,
        clock: Callable[[], Instant] | None = None,
        stopwatch: Callable[[], Stopwatch] = Stopwatch,
        stored: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.scanners = {managed.name: managed for managed in scanners}
        self._time = time_manager
        self._execution = execution = execution or InlineExecution()
        self._jobs = JobFactory(
            scanners, session_data, time_manager, mode, execution.runs_concurrently, place, place_on, stored
        )
        self._reports = ScannerEventFactory(session_data, clock or (lambda: time_manager.now))
        self._outgoing = ScannerOutbox()
        self._timetable = Timetable(scanners)
        self._stopwatch = stopwatch

    # -- before the session ------------------------------------------------------------------

    def setup_all(self) -> list[Event]:
        """Set up every scanner that is due today; one that does not return in time is disabled.

        Raises
        ------
        ScannerFailed
            If a required scanner could not be set up.
        """
        return [self._setup(managed) for managed in self.scanners.values()]

    def ready(self) -> list[ManagedScanner]:
        """The scanners that can be called."""
        return [managed for managed in self.scanners.values() if managed.state is ScannerState.READY]

    # -- during the session ------------------------------------------------------------------

    def should_run_scan(self, name: str, phase: ScanPhase = ScanPhase.REGULAR) -> bool:
        """Whether a scanner is due now."""
        managed = self.scanners[name]
        return managed.state is ScannerState.READY and self._time.now in managed.due.of(phase)

    def is_due(self, now: Instant) -> bool:
        """Whether any scanner is due at an instant; most have none."""
        return self._timetable.is_due(now)

    @property
    def is_running(self) -> bool:
        """Whether anything was begun of which the end is still to be told."""
        return bool(self._outgoing) or self._is_awaited()

    @property
    def is_busy(self) -> bool:
        """Whether there may be something to collect: also of a scanner that has timed out and still runs."""
        return bool(self._outgoing) or any(one.running is not None for one in self.scanners.values())

    def run_due(self, phase: ScanPhase, paused: str | None = None) -> Iterator[ScanFinished]:
        """Begin the scans that are due now, in the order of the configuration; gives what is done at once.

        A scan that is due of a scanner that could not be set up, or that is still busy with an
        earlier one, is a skipped one. Each result is given as it comes: it is not lost if a later
        scanner ends the run.

        Parameters
        ----------
        paused
            Why no scan may begin now: all that are due are skipped for it. None lets them run.

        Raises
        ------
        ScanOverrun
            If a scan took too long in a backtest, once it has been given as one that timed out.
        """
        data: SessionData | None = None
        for managed in self._timetable.due(phase, self._time.now):
            why_not = self._why_not(managed, paused)
            if why_not is not None:
                yield self._reports.skipped(managed, self._time.now, phase, why_not)
            elif managed.state is ScannerState.READY:
                data = data or self._jobs.data()
                managed.go(ScannerState.SCANNING)
                job = self._jobs.scan(managed, phase, data)
                try:
                    self._begin(managed, job)
                except ScanOverrun:  # it ends the run, which is to say at which scan
                    yield self._overrun(managed, job)
                    raise
                yield from self._scans()

    def run_scan(self, name: str) -> Iterator[ScanFinished]:
        """Begin a scan now, due or not.

        Raises
        ------
        InputError
            If there is no such scanner, or it cannot scan now.
        """
        managed = self.scanners.get(name)
        if managed is None:
            raise InputError(
                f"there is no scanner '{name}' (there are: {', '.join(self.scanners) or 'none'})"
            )
        if managed.state is not ScannerState.READY:
            why = managed.disabled or f"it is {managed.state}; after its last scan due a scanner is done"
            raise InputError(f"scanner '{name}' cannot scan now: {why}")
        phase = ScanPhase.PRE_SESSION if self._time.now <= self._time.session.open else ScanPhase.REGULAR
        managed.go(ScannerState.SCANNING)
        self._begin(managed, self._jobs.scan(managed, phase, self._jobs.data()))
        yield from self._scans()

    def collect(self) -> Iterator[ScannerEvent]:
        """What came in since the last call; to be applied between slices."""
        self._receive()
        yield from self._outgoing.take()

    def finish(self, limit_seconds: float = math.inf) -> Iterator[ScannerEvent]:
        """What came in, once nothing runs any more that has not timed out; waits for it, at most so long."""
        self._wait(limit_seconds)
        yield from self.collect()

    def requests(self) -> list[Request]:
        """Take out what the scanners asked for whose results have been given."""
        return self._outgoing.take_requests()

    def teardown_finished(self) -> list[Event]:
        """Tear down the scanners whose last scan was due now; one that still runs when it is back."""
        for managed in self._timetable.last(self._time.now):
            self._leave(managed)
            self._receive()  # one after the other, where they are waited for
        return [*self._outgoing.take(ScannerDone)]

    def teardown_all(self, limit_seconds: float = 0.0, waits_for_scans: bool = True) -> list[Event]:
        """Tear down every scanner that was set up and has not been torn down, and end the execution.

        Parameters
        ----------
        limit_seconds
            How long what still runs is waited for. A scanner whose scan has not come back by then is
            done, but its ``teardown`` is not called: it would meet a scan that may go on any time.
        waits_for_scans
            Whether scans are waited for, too.
        """
        for managed in self.scanners.values():
            still_scans = isinstance(managed.running, ScanJob) and self._execution.is_busy(managed.name)
            if still_scans and not waits_for_scans:
                self._abandon(managed)
            self._leave(managed)
        self._receive(_SHORTEST_WAIT_SECONDS)
        self._wait(limit_seconds)
        for managed in self.scanners.values():
            self._abandon(managed)
        self._execution.close(0.0)
        return [*self._outgoing.take(ScanFinished, ScannerDone)]

    # -- what comes in -----------------------------------------------------------------------

    def _receive(self, wait_seconds: float = 0.0) -> None:
        """Apply what the execution has to tell; that may begin something that is done at once."""
        found = self._execution.collect(wait_seconds)
        while found:
            for finished in found:
                self._apply(self.scanners[finished.name], finished)
            found = [] if wait_seconds else self._execution.collect()

    def _wait(self, limit_seconds: float) -> None:
        """Let what runs come in."""
        watch = self._stopwatch()
        while self._is_awaited() and (left := limit_seconds - watch.elapsed_seconds) > 0:
            self._receive(min(max(left, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS))

    def _apply(self, managed: ManagedScanner, finished: JobCompletion) -> None:
        job = managed.running
        if job is None or job.work is not finished.work:
            return  # of a setup or a teardown that had timed out: nobody waits for it any more
        if finished.verdict is not None:
            managed.result_pending = False
            self._conclude(managed, job, finished.verdict)
        if finished.is_back:
            managed.running = None
            if managed.state is ScannerState.SCANNING:
                managed.go(ScannerState.READY)
            if managed.is_leaving:
                self._leave(managed)

    def _conclude(self, managed: ManagedScanner, job: Job, verdict: JobResult) -> None:
        if verdict.memory is not None:
            managed.memory = verdict.memory
        if isinstance(job, ScanJob):
            self._outgoing.add(self._reports.scanned(managed, job, verdict), verdict.requests)
        elif job.work is JobKind.TEARDOWN:
            self._finish(managed, verdict.error, verdict.requests)

    def _finish(self, managed: ManagedScanner, error: str | None, requests: Sequence[Request] = ()) -> None:
        managed.go(ScannerState.DONE)
        managed.result_pending, managed.is_leaving, managed.running = False, False, None
        self._outgoing.add(self._reports.done(managed, self._time.now, error), requests)

    # -- what is given -----------------------------------------------------------------------

    def _scans(self) -> Iterator[ScanFinished]:
        """The scans that are done; whoever has left meanwhile is told of when there is time."""
        self._receive()
        for told in self._outgoing.take(ScanFinished):
            if isinstance(told, ScanFinished):
                yield told

    # -- how ---------------------------------------------------------------------------------

    def _setup(self, managed: ManagedScanner) -> Event:
        now = self._time.now
        if managed.due.last is None:
            managed.go(ScannerState.DONE)
            managed.disabled = "not due in this session"
            return self._reports.disabled(managed, now, managed.disabled)
        managed.go(ScannerState.SETTING_UP)
        verdict = self._execution.wait_for(self._jobs.setup(managed)).verdict or JobResult(Outcome.FAILED)
        if verdict.readied is not None:
            managed.go(ScannerState.READY)
            managed.memory = verdict.memory
            self._outgoing.ask(verdict.requests)
            return self._reports.set_up(managed, now, verdict)
        managed.go(ScannerState.DONE)
        managed.disabled = verdict.error
        if managed.required:
            raise ScannerFailed(f"required scanner '{managed.name}' could not be set up: {verdict.error}")
        return self._reports.set_up(managed, now, verdict)

    def _begin(self, managed: ManagedScanner, job: Job) -> None:
        managed.running, managed.result_pending = job, True
        self._execution.submit(job)

    def _overrun(self, managed: ManagedScanner, job: ScanJob) -> ScanFinished:
        """What is told of the scan whose overrun ends a backtest."""
        managed.running, managed.result_pending = None, False
        managed.go(ScannerState.READY)
        return self._reports.scanned(managed, job, job.timed_out())

    def _leave(self, managed: ManagedScanner) -> None:
        """Tear a scanner down, now or when its scan is back."""
        if managed.state not in (ScannerState.READY, ScannerState.SCANNING):
            return
        managed.is_leaving = self._execution.is_busy(managed.name)
        if not managed.is_leaving:
            managed.go(ScannerState.TEARING_DOWN)
            self._begin(managed, self._jobs.teardown(managed))

    def _abandon(self, managed: ManagedScanner) -> None:
        """Be done with a scanner that has not come back."""
        job = managed.running
        if job is None:
            return
        if isinstance(job, ScanJob):
            if managed.result_pending:
                lost = JobResult(Outcome.TIMED_OUT, "the session ended while it ran")
                self._outgoing.add(self._reports.scanned(managed, job, lost))
            managed.go(ScannerState.TEARING_DOWN)
            when = self._reports.hour(job.at)
            self._finish(managed, f"its scan of {when} has not returned, so teardown() was not called")
        else:
            self._finish(managed, "teardown() has not returned")

    def _is_awaited(self) -> bool:
        return any(managed.result_pending for managed in self.scanners.values())

    def _why_not(self, managed: ManagedScanner, paused: str | None) -> str | None:
        """Why a scanner that is due may not scan; None if it may, or takes no part any more."""
        if managed.state is ScannerState.SCANNING and managed.running is not None:
            return f"its scan of {self._reports.hour(managed.running.at)} is still running"
        return paused if managed.state is ScannerState.READY else managed.disabled
