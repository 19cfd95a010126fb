"""What is said of a feed's connection by way of the tape."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from symscan.runtime.provisioning.loading import DataLoader, DataPlan, LoadResult
from symscan.runtime.readiness import Connection
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.scanners.base import BaseScanner
from symscan.scanners.execution.inline import Execution
from symscan.scanners.jobs.job import Job, JobCompletion
from symscan.scanners.jobs.saved_state import restore_state


class RecordedConnectionStatus:
    """The connection of a session that is recorded, or resumed: it says what it said the first time.

    Parameters
    ----------
    tape
        What records and plays.
    connection
        The feed's.
    """

    def __init__(self, tape: StepRecorder, connection: Connection) -> None:
        self._recorder = tape
        self._connection = connection

    @property
    def is_connected(self) -> bool:
        """Whether the feed delivers."""
        return self._recorder.answer("connected", lambda: self._connection.is_connected, bool)

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's; None where it is not known."""
        return self._recorder.answer("offset", self._connection.clock_offset_ms, lambda: None)


class RecordedExecution:
    """Scans and teardowns of a session that is recorded, or resumed.

    While the record is played, no scanner is called but for its setup: verdicts are the recorded
    ones. Then each scanner is given back what it remembered last, and what was begun and never
    ended is begun anew, on the data of then.

    Parameters
    ----------
    tape
        What records and plays.
    execution
        What carries jobs out.
    """

    def __init__(self, tape: StepRecorder, execution: Execution) -> None:
        self._recorder = tape
        self._execution = execution
        self._begun: dict[str, Job] = {}
        self._away: dict[str, JobCompletion] = {}
        self._back: list[JobCompletion] = []
        self._scanners: dict[str, BaseScanner] = {}
        self._memories: dict[str, bytes] = {}
        tape.when_live(self._go_live)

    @property
    def runs_concurrently(self) -> bool:
        """Whether jobs run beside the session."""
        return self._execution.runs_concurrently

    def submit(self, job: Job) -> None:
        """Begin a job."""
        if self._recorder.is_replaying:
            self._begun[job.name] = job
            self._scanners[job.name] = job.scanner
        else:
            self._recorder.mark()
            self._execution.submit(job)

    def collect(self, wait_seconds: float = 0.0) -> list[JobCompletion]:
        """Take out what there is to tell of jobs."""
        was_replaying = self._recorder.is_replaying
        finished: list[JobCompletion] = self._recorder.answer(
            "finished", lambda: self._asked(wait_seconds), list
        )
        if was_replaying:
            for one in finished:
                self._note(one)
        return finished

    def wait_for(self, job: Job) -> JobCompletion:
        """Carry out a job before the stream begins; a resumed session's scanners are set up anew."""
        self._scanners[job.name] = job.scanner
        return self._execution.wait_for(job)

    def is_busy(self, name: str) -> bool:
        """Whether a scanner's job still runs."""
        return self._recorder.answer("busy", lambda: self._execution.is_busy(name), bool)

    def close(self, limit_seconds: float) -> None:
        """End."""
        self._execution.close(limit_seconds)

    def _asked(self, wait_seconds: float) -> list[JobCompletion]:
        back, self._back = self._back, []
        return [*back, *self._execution.collect(0.0 if back else wait_seconds)]

    def _note(self, finished: JobCompletion) -> None:
        """Follow what a recorded answer changes."""
        self._begun.pop(finished.name, None)
        self._away.pop(finished.name, None)
        if not finished.is_back:
            self._away[finished.name] = finished
        if finished.verdict is not None and finished.verdict.memory is not None:
            self._memories[finished.name] = finished.verdict.memory

    def _go_live(self) -> None:
        for name, memory in self._memories.items():
            restore_state(self._scanners[name], memory)
        # What hung in the process that ended hangs no more.
        self._back = [JobCompletion(one.name, one.work, one.at, None) for one in self._away.values()]
        for job in self._begun.values():
            self._execution.submit(job)
        self._begun, self._away, self._memories = {}, {}, {}


class RecordedLoader:
    """The loads of a session that is recorded, or resumed.

    While the record is played, nothing is loaded ahead: what an order needs is loaded when it is
    carried out, at the step it was carried out in.

    Parameters
    ----------
    tape
        What records and plays.
    loading
        What loads.
    """

    def __init__(self, tape: StepRecorder, loading: DataLoader) -> None:
        self._recorder = tape
        self._loading = loading
        self._begun: deque[Callable[[], DataPlan]] = deque()
        tape.when_live(self._go_live)

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        """Begin to load."""
        if self._recorder.is_replaying:
            self._begun.append(plan)
        else:
            self._recorder.mark()
            self._loading.submit(plan)

    def collect(self, *, waits: bool = False) -> list[LoadResult]:
        """Take out the loads that ended, in order."""
        if self._recorder.is_replaying:
            return self._replayed(self._recorder.answer("loads", _nothing, _nothing))
        loaded = self._loading.collect(waits=waits)
        self._recorder.answer("loads", lambda: [one.error for one in loaded], list)
        return loaded

    def _replayed(self, errors: Sequence[str | None]) -> list[LoadResult]:
        """End the loads that ended then: fewer, if a scanner that was changed since asks for less."""
        return [LoadResult(error=error) for error in errors if self._is_ended()]

    def _is_ended(self) -> bool:
        if not self._begun:
            return False
        self._begun.popleft()
        return True

    def _go_live(self) -> None:
        while self._begun:
            self._loading.submit(self._begun.popleft())


def _nothing() -> list[str | None]:
    return []
