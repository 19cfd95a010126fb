"""The scanners of a session: set up, run when due, torn down after their last scan."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.errors import InputError, ScannerFailed, ScanOverrun
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDone, ScanPhase
from symscan.model.instant import Instant
from symscan.scanners.execution.inline import Execution, InlineExecution
from symscan.scanners.jobs.job import Job, JobKind, JobResult
from symscan.scanners.running.evaluation import SymbolLookup
from symscan.scanners.running.events import ScannerEvent, ScannerEvents
from symscan.scanners.running.job_factory import JobFactory
from symscan.scanners.running.managed_scanner import ManagedScanner, ScannerState, Timetable
from symscan.scanners.running.readers import ScannerReaders
from symscan.scanners.running.verdicts import VerdictObserver, VerdictReporter
from symscan.session.requests import Request
from symscan.session.session_data import SessionData

_LONGEST_WAIT_SECONDS: Final = 60.0
_SHORTEST_WAIT_SECONDS: Final = 0.001
"""Greater than 0, since 0 lets an execution that waits for the session wait without limit."""


class ScannerManager:
    """Runs the scanners of one session and reports what they did as events.

    Every call of a scanner is a job submitted to the execution; its result is applied when it is
    collected, which in a backtest is at once.

    Parameters
    ----------
    scanners
        The enabled scanners in the order of the configuration.
    session_data, time_manager
        The session's state and clock.
    mode
        The mode in the scanners' context.
    execution
        Runs their jobs; None runs them inline.
    lookup
        Finds symbols that the session does not have, so that a hit outside its scanner's universe has its
        values at once; called by the jobs. None leaves them unknown.
    stopwatch
        Measures how long what runs is waited for, where that has a limit.
    verdicts
        Gets the verdicts on all candidates of each scan, where jobs run inline; None: nobody.
    """

    def __init__(
        self,
        scanners: Sequence[ManagedScanner],
        session_data: SessionData,
        time_manager: TimeManager,
        mode: str = "backtest",
        execution: Execution | None = None,
        lookup: SymbolLookup | None = None,
        stopwatch: Callable[[], Stopwatch] = Stopwatch,
        verdicts: VerdictObserver | None = None,
    ) -> None:
        self.scanners = {managed.name: managed for managed in scanners}
        self._data = session_data
        self._time = time_manager
        self._execution = execution = execution or InlineExecution()
        self._verdicts = None if verdicts is None else VerdictReporter(session_data, verdicts)
        self._jobs = JobFactory(
            session_data,
            time_manager,
            mode,
            execution.runs_concurrently,
            lookup,
            self.scanners,
            (lambda _: False) if verdicts is None else verdicts.wants_clauses,
        )
        self._readers = ScannerReaders(scanners, self._jobs, session_data.session)
        self._events = ScannerEvents(session_data, time_manager)
        self._timetable = Timetable(self._readers.ordered)
        self._stopwatch = stopwatch

    # -- before the session ------------------------------------------------------------------

    def setup_all(self) -> list[Event]:
        """Set up every scanner that is due today; one that does not return in time is disabled.

        Raises
        ------
        ScannerFailed
            If a required scanner could not be set up.
        """
        narrowed = [one.narrowed for one in self._readers.ordered if one.narrowed is not None]
        return [*narrowed, *(self._setup(managed) for managed in self._readers.ordered)]

    def ready(self) -> list[ManagedScanner]:
        """The scanners that can be called."""
        return [managed for managed in self.scanners.values() if managed.state is ScannerState.READY]

    # -- during the session ------------------------------------------------------------------

    def should_run_scan(self, name: str, phase: ScanPhase = ScanPhase.REGULAR) -> bool:
        """Whether a scanner is due now."""
        managed = self.scanners[name]
        return managed.state is ScannerState.READY and self._time.now in managed.due.of(phase)

    def is_due(self, now: Instant) -> bool:
        """Whether any scanner is due at an instant's slice; most have none."""
        return self._timetable.is_due(now)

    @property
    def scans_at_close(self) -> tuple[str, ...]:
        """The scanners that scan once the day is complete and take part."""
        return tuple(one.name for one in self._timetable.at_close if one.disabled is None)

    @property
    def is_running(self) -> bool:
        """Whether the result of anything submitted is still to be published."""
        return self._events.are_pending or self._has_pending_results()

    @property
    def is_busy(self) -> bool:
        """Whether there may be something to collect: also of a scanner that has timed out and still runs."""
        return self._events.are_pending or any(one.running is not None for one in self.scanners.values())

    def run_due(self, phase: ScanPhase, paused: str | None = None) -> Iterator[ScanFinished]:
        """Submit the scans that are due now; yields what is done at once.

        They are submitted in the order of the configuration, but for those that read others: these come
        after them, and wait for the results of those that run.

        A scan that is due of a scanner that could not be set up, or that is still busy with an
        earlier one, is a skipped one. Each result is yielded as it comes: it is not lost if a later
        scanner ends the run.

        Parameters
        ----------
        paused
            Why no scan may begin now: all that are due are skipped for it. None lets them run.

        Raises
        ------
        ScanOverrun
            If a scan took too long in a backtest, once it has been yielded as one that timed out.
        """
        data: SessionData | None = None
        for managed in self._timetable.due(phase, self._time.now):
            skip_reason = self._skip_reason(managed, paused)
            if skip_reason is not None:
                yield self._events.skipped(managed, self._time.now, phase, skip_reason)
            elif managed.state is ScannerState.READY:
                data = data or self._jobs.data()
                managed.transition_to(ScannerState.SCANNING)
                job = self._jobs.scan(managed, phase, data)
                try:
                    self._submit(managed, job)
                except ScanOverrun:  # it ends the run, and the journal must say at which scan
                    yield self._overrun(managed, job)
                    raise
                yield from self._collect_scans()

    def run_scan(self, name: str) -> Iterator[ScanFinished]:
        """Submit a scan now, due or not.

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
        managed.transition_to(ScannerState.SCANNING)
        self._submit(managed, self._jobs.scan(managed, self._phase, self._jobs.data()))
        yield from self._collect_scans()

    @property
    def _phase(self) -> ScanPhase:
        if self._data.completed:
            return ScanPhase.AT_CLOSE
        return ScanPhase.PRE_SESSION if self._time.now <= self._time.session.open else ScanPhase.REGULAR

    def collect(self) -> Iterator[ScannerEvent]:
        """Yield the events since the last call; called between slices."""
        self._receive()
        yield from self._events.take()

    def finish(self, limit_seconds: float = math.inf) -> Iterator[ScannerEvent]:
        """Wait for running jobs that have not timed out, at most so long, and yield their events."""
        self._wait(limit_seconds)
        yield from self.collect()

    def requests(self) -> list[Request]:
        """Return and clear the requests of the scanners whose results have been published."""
        return self._events.take_requests()

    def teardown_finished(self) -> list[Event]:
        """Tear down the scanners whose last scan was due now; one that still runs, when it has returned."""
        return self._teardown_each(self._timetable.last(self._time.now))

    def teardown_at_close(self) -> list[Event]:
        """Tear down the scanners whose last scan waited for the complete day."""
        return self._teardown_each(self._timetable.at_close)

    def _teardown_each(self, scanners: Sequence[ManagedScanner]) -> list[Event]:
        for managed in scanners:
            self._teardown_when_idle(managed)
            self._receive()  # one after the other, where they are waited for
        return [*self._events.take(ScannerDone)]

    def teardown_all(self, limit_seconds: float = 0.0, waits_for_scans: bool = True) -> list[Event]:
        """Tear down every scanner that was set up and has not been torn down, and end the execution.

        Parameters
        ----------
        limit_seconds
            How long to wait for running jobs. A scanner whose scan has not returned by then is done,
            but its ``teardown`` is not called: the scan may still be using what it would release.
        waits_for_scans
            Whether scans are waited for, too.
        """
        for managed in self.scanners.values():
            if not waits_for_scans and self._still_scans(managed):
                self._abandon(managed)
            self._teardown_when_idle(managed)
        self._receive(_SHORTEST_WAIT_SECONDS)
        self._wait(limit_seconds)
        for managed in self.scanners.values():
            self._abandon(managed)
        self._execution.close(0.0)
        return [*self._events.take(ScanFinished, ScannerDone)]

    # -- job results -------------------------------------------------------------------------

    def _receive(self, wait_seconds: float = 0.0) -> None:
        """Handle the completed jobs; that may submit a job that is done at once."""
        found = self._execution.collect(wait_seconds)
        while found:
            for result in found:
                self._handle_result(self.scanners[result.name], result)
            for managed, job in self._readers.take_ready():
                self._submit(managed, job)
            found = [] if wait_seconds else self._execution.collect()

    def _wait(self, limit_seconds: float) -> None:
        """Wait for running jobs and handle their results."""
        watch = self._stopwatch()
        while self._has_pending_results() and (left := limit_seconds - watch.elapsed_seconds) > 0:
            self._receive(min(max(left, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS))

    def _handle_result(self, managed: ManagedScanner, result: JobResult) -> None:
        job = managed.running
        if job is None or job.kind is not result.kind:
            return  # a setup or a teardown that had timed out: its result is no longer of interest
        if result.outcome is not None:
            managed.result_pending = False
            self._publish_result(managed, job, result)
        if result.has_returned:
            managed.running = None
            if managed.state is ScannerState.SCANNING:
                managed.transition_to(ScannerState.READY)
            if managed.teardown_pending:
                self._teardown_when_idle(managed)

    def _publish_result(self, managed: ManagedScanner, job: Job, result: JobResult) -> None:
        """Queue the event of a result, and keep the scanner's state."""
        if result.saved_state is not None:
            managed.saved_state = result.saved_state
        if job.kind is JobKind.SCAN:
            scan = self._events.scanned(managed, job.phase, result)
            if self._verdicts is not None and result.evaluation is not None:
                self._verdicts.report(managed, scan, result)
            self._events.add(scan, result.requests)
        elif job.kind is JobKind.TEARDOWN:
            self._mark_done(managed, result.error, result.requests)

    def _mark_done(
        self, managed: ManagedScanner, error: str | None, requests: Sequence[Request] = ()
    ) -> None:
        managed.transition_to(ScannerState.DONE)
        managed.result_pending, managed.teardown_pending, managed.running = False, False, None
        self._events.add(self._events.done(managed, self._time.now, error), requests)

    def _collect_scans(self) -> Iterator[ScanFinished]:
        """Yield the scans that are done; events of scanners that are done wait for :meth:`collect`."""
        self._receive()
        for event in self._events.take(ScanFinished):
            if isinstance(event, ScanFinished):
                yield event

    # -- single steps ------------------------------------------------------------------------

    def _setup(self, managed: ManagedScanner) -> Event:
        now = self._time.now
        if managed.due.last is None:
            managed.transition_to(ScannerState.DONE)
            managed.disabled = "not due in this session"
            return self._events.disabled(managed, now, managed.disabled)
        managed.transition_to(ScannerState.SETTING_UP)
        result = self._execution.wait_for(self._jobs.setup(managed))
        if result.outcome is Outcome.OK:
            managed.transition_to(ScannerState.READY)
            managed.saved_state = result.saved_state
            self._events.add_requests(result.requests)
            return self._events.set_up(managed, result)
        managed.transition_to(ScannerState.DONE)
        managed.disabled = result.error
        if managed.required:
            raise ScannerFailed(f"required scanner '{managed.name}' could not be set up: {result.error}")
        return self._events.set_up(managed, result)

    def _submit(self, managed: ManagedScanner, job: Job) -> None:
        managed.running, managed.result_pending = job, True
        if job.kind is not JobKind.SCAN or self._readers.may_begin(managed, job):
            self._execution.submit(job)

    def _overrun(self, managed: ManagedScanner, job: Job) -> ScanFinished:
        """Make the event of the scan whose overrun ends a backtest."""
        managed.running, managed.result_pending = None, False
        managed.transition_to(ScannerState.READY)
        return self._events.scanned(managed, job.phase, job.timed_out())

    def _teardown_when_idle(self, managed: ManagedScanner) -> None:
        """Tear a scanner down, now or when its scan has returned."""
        if managed.state not in (ScannerState.READY, ScannerState.SCANNING):
            return
        managed.teardown_pending = self._is_busy(managed)
        if not managed.teardown_pending:
            managed.transition_to(ScannerState.TEARING_DOWN)
            self._submit(managed, self._jobs.teardown(managed))

    def _abandon(self, managed: ManagedScanner) -> None:
        """Mark a scanner done whose job has not returned."""
        job = managed.running
        if job is None:
            return
        self._readers.drop(managed)
        if job.kind is JobKind.SCAN:
            if managed.result_pending:
                lost = job.result(Outcome.TIMED_OUT, "the session ended while it ran")
                self._events.add(self._events.scanned(managed, job.phase, lost))
            managed.transition_to(ScannerState.TEARING_DOWN)
            when = self._events.local_time(job.at)
            self._mark_done(managed, f"its scan of {when} has not returned, so teardown() was not called")
        else:
            self._mark_done(managed, "teardown() has not returned")

    def _still_scans(self, managed: ManagedScanner) -> bool:
        job = managed.running
        return job is not None and job.kind is JobKind.SCAN and self._is_busy(managed)

    def _is_busy(self, managed: ManagedScanner) -> bool:
        """Whether a scanner's job still runs, or waits for the scans it reads."""
        return self._readers.is_waiting(managed) or self._execution.is_busy(managed.name)

    def _has_pending_results(self) -> bool:
        return any(managed.result_pending for managed in self.scanners.values())

    def _skip_reason(self, managed: ManagedScanner, paused: str | None) -> str | None:
        """Return why a scanner that is due may not scan; None if it may, or takes no part any more."""
        if managed.state is ScannerState.SCANNING and managed.running is not None:
            return f"its scan of {self._events.local_time(managed.running.at)} is still running"
        return paused if managed.state is ScannerState.READY else managed.disabled
