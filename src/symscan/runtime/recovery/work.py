"""Record and replay the scans, loads and connection status of a session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from msgspec import structs

from symscan.runtime.monitors.readiness import Connection
from symscan.runtime.provisioning.loading import DataLoader, DataPlan, LoadResult
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.scanners.base import BaseScanner
from symscan.scanners.execution.inline import Execution
from symscan.scanners.jobs.job import Job, JobResult
from symscan.scanners.jobs.saved_state import restore_state


class RecordedConnectionStatus:
    """The connection status of a recorded session; a resumed one gets the recorded status.

    Parameters
    ----------
    recorder
        Records and replays.
    connection
        The feed's connection.
    """

    def __init__(self, recorder: StepRecorder, connection: Connection) -> None:
        self._recorder = recorder
        self._connection = connection

    @property
    def is_connected(self) -> bool:
        """Whether the feed delivers."""
        return self._recorder.answer("connected", lambda: self._connection.is_connected, bool)

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's; None where it is not known."""
        return self._recorder.answer("offset", self._connection.clock_offset_ms, lambda: None)


class RecordedExecution:
    """Executes scans and teardowns of a recorded session, or replays their results.

    During the replay no scanner is called except for its setup: results are the recorded ones.
    Then each scanner's last saved state is restored, and jobs that were submitted and never ended
    are submitted again, on the data of their submission.

    Parameters
    ----------
    recorder
        Records and replays.
    execution
        Executes jobs.
    """

    def __init__(self, recorder: StepRecorder, execution: Execution) -> None:
        self._recorder = recorder
        self._execution = execution
        self._submitted: dict[str, Job] = {}
        self._running: dict[str, JobResult] = {}
        self._returned: list[JobResult] = []
        self._scanners: dict[str, BaseScanner] = {}
        self._saved_states: dict[str, bytes] = {}
        recorder.when_live(self._go_live)

    @property
    def runs_concurrently(self) -> bool:
        """Whether jobs run beside the session."""
        return self._execution.runs_concurrently

    def submit(self, job: Job) -> None:
        """Start a job."""
        if self._recorder.is_replaying:
            self._submitted[job.name] = job
            self._scanners[job.name] = job.scanner
        else:
            self._recorder.mark_input()
            self._execution.submit(job)

    def collect(self, wait_seconds: float = 0.0) -> list[JobResult]:
        """Remove and return the results of jobs."""
        was_replaying = self._recorder.is_replaying
        finished: list[JobResult] = self._recorder.answer(
            "finished", lambda: self._collect_live(wait_seconds), list
        )
        if was_replaying:
            for one in finished:
                self._follow_result(one)
        return finished

    def wait_for(self, job: Job) -> JobResult:
        """Execute a job before the stream begins; a resumed session's scanners are set up again."""
        self._scanners[job.name] = job.scanner
        return self._execution.wait_for(job)

    def is_busy(self, name: str) -> bool:
        """Whether a scanner's job still runs."""
        return self._recorder.answer("busy", lambda: self._execution.is_busy(name), bool)

    def close(self, limit_seconds: float) -> None:
        """Close the execution."""
        self._execution.close(limit_seconds)

    def _collect_live(self, wait_seconds: float) -> list[JobResult]:
        returned, self._returned = self._returned, []
        return [*returned, *self._execution.collect(0.0 if returned else wait_seconds)]

    def _follow_result(self, finished: JobResult) -> None:
        """Track a recorded result."""
        self._submitted.pop(finished.name, None)
        self._running.pop(finished.name, None)
        if not finished.has_returned:
            self._running[finished.name] = finished
        if finished.saved_state is not None:
            self._saved_states[finished.name] = finished.saved_state

    def _go_live(self) -> None:
        for name, memory in self._saved_states.items():
            restore_state(self._scanners[name], memory)
        # Jobs that hung in the process that ended do not hang any more.
        self._returned = [
            structs.replace(one, outcome=None, has_returned=True) for one in self._running.values()
        ]
        for job in self._submitted.values():
            self._execution.submit(job)
        self._submitted, self._running, self._saved_states = {}, {}, {}


class RecordedLoader:
    """Loads data of a recorded session, or replays when loads ended.

    During the replay nothing is loaded ahead: what a queue entry needs is loaded when it is
    applied, at the step it was applied in.

    Parameters
    ----------
    recorder
        Records and replays.
    loader
        Loads.
    """

    def __init__(self, recorder: StepRecorder, loader: DataLoader) -> None:
        self._recorder = recorder
        self._loader = loader
        self._submitted: deque[Callable[[], DataPlan]] = deque()
        recorder.when_live(self._go_live)

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        """Start a load."""
        if self._recorder.is_replaying:
            self._submitted.append(plan)
        else:
            self._recorder.mark_input()
            self._loader.submit(plan)

    def collect(self, *, waits: bool = False) -> list[LoadResult]:
        """Remove and return the loads that ended, in order."""
        if self._recorder.is_replaying:
            return self._replayed(self._recorder.answer("loads", _none, _none))
        results = self._loader.collect(waits=waits)
        self._recorder.answer("loads", lambda: [one.error for one in results], list)
        return results

    def _replayed(self, errors: Sequence[str | None]) -> list[LoadResult]:
        """End the loads that ended then: fewer, if a scanner that was changed since requests less."""
        return [LoadResult(error=error) for error in errors if self._is_ended()]

    def _is_ended(self) -> bool:
        if not self._submitted:
            return False
        self._submitted.popleft()
        return True

    def _go_live(self) -> None:
        while self._submitted:
            self._loader.submit(self._submitted.popleft())


def _none() -> list[str | None]:
    return []
