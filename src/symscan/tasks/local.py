"""Do tasks in processes of this computer."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from symscan.errors import RunError, WorkerLost
from symscan.tasks.jobs import cores
from symscan.tasks.messages import Reported
from symscan.tasks.stretches import Stretches
from symscan.tasks.task_process import TaskProcess
from symscan.tasks.work import OnReport, TaskDone, TaskFailed, TaskLost, TaskOutcome, TaskRefused, Work

_KILLED: Final = "signal SIGKILL"


class TaskCrashed(Exception):
    """A fault of symscan in another process; the message has its traceback."""


class LocalProcesses:
    """Processes of this computer, which start at once and import what they need.

    Parameters
    ----------
    count
        How many.
    preload
        A module that they import meanwhile, mostly that of the maker; empty for none.
    """

    def __init__(self, count: int, preload: str = "") -> None:
        threads = max(1, cores() // count)
        self._processes = [TaskProcess(threads, preload) for _ in range(count)]
        self._is_done = False

    def __enter__(self) -> LocalProcesses:
        return self

    def __exit__(self, *exception: object) -> None:
        self._close(waits=self._is_done)

    def close(self) -> None:
        """End them."""
        self._close(waits=False)

    def run(
        self, work: Work, tasks: Sequence[Any], on_report: OnReport = lambda _place, _value: None
    ) -> Iterator[tuple[int, Any]]:
        """Do tasks; see :meth:`~symscan.tasks.work.TaskExecutor.run`."""
        self._leave_out(len(tasks))
        self._is_done = not tasks
        if self._is_done:
            return
        stretches = Stretches(len(tasks), len(self._processes))
        doing: dict[int, int] = {}
        pickled = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
        for number, process in enumerate(self._processes):
            process.begin(pickled)
            self._submit_next(number, tasks, stretches, doing)
        try:
            while doing:
                for number, message in self._received(doing):
                    if isinstance(message, Reported):
                        on_report(doing[number], message.value)
                        continue
                    place = doing.pop(number)
                    self._submit_next(number, tasks, stretches, doing)  # before the result is used
                    yield place, value_of(message, tasks[place])
            self._is_done = True
        finally:
            self._close(waits=self._is_done)

    def _leave_out(self, most: int) -> None:
        """End the processes that have nothing to do."""
        kept, left_out = self._processes[:most], self._processes[most:]
        for process in left_out:
            process.close(waits=False)
        self._processes = kept

    def _submit_next(
        self, number: int, tasks: Sequence[Any], stretches: Stretches, doing: dict[int, int]
    ) -> None:
        place = stretches.next(number)
        if place is not None:
            doing[number] = place
            self._processes[number].submit(tasks[place])

    def _received(self, doing: Collection[int]) -> Iterator[tuple[int, TaskOutcome | Reported]]:
        """Wait for messages of the processes that do something; what they print meanwhile is written."""
        connections = {self._processes[number].connection: number for number in doing}
        streams = {one.fileno(): one for process in self._processes for one in process.streams if one.is_open}
        ready = wait([*connections, *streams])
        for stream in (one for one in ready if isinstance(one, int)):
            streams[stream].write()
        for connection in (one for one in ready if isinstance(one, Connection)):
            number = connections[connection]
            message = self._processes[number].receive()
            if message is not None:
                yield number, message

    def _close(self, *, waits: bool) -> None:
        processes, self._processes = self._processes, []
        if waits:
            for process in processes:
                process.request_end()
        for process in processes:
            process.close(waits=waits)


def value_of(outcome: TaskOutcome, task: Any) -> Any:
    """Return the result of a task, or raise why there is none; see :meth:`LocalProcesses.run`."""
    match outcome:
        case TaskDone():
            return outcome.value
        case TaskFailed():
            if outcome.details is not None:
                raise TaskCrashed(f"{task}: {outcome.message}\n{outcome.details}")
            raise RunError(outcome.message)
        case TaskRefused():
            raise RunError(f"the process for {task} has {outcome.what}: it changed since the run began")
        case TaskLost():
            memory = " (as the system does where memory runs out: have fewer jobs)"
            hint = memory if outcome.how == _KILLED else ""
            raise WorkerLost(f"the process that did {task} ended before it was done, {outcome.how}{hint}")
