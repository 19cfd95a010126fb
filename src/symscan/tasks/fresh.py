"""Do tasks in processes of this computer, each in one of its own that nothing else has run in."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from symscan.tasks.jobs import cores
from symscan.tasks.local import value_of
from symscan.tasks.messages import Reported
from symscan.tasks.task_process import TaskProcess
from symscan.tasks.work import Work


@dataclass(frozen=True, slots=True)
class FreshTask:
    """A task with the process it needs.

    Attributes
    ----------
    work, task
        What the process makes its doer of, and what that is called with.
    environment
        The variables of the process; None for those of this one.
    preload
        A module that it imports before it is told what to do; empty for none.
    """

    work: Work
    task: Any
    environment: Mapping[str, str] | None = None
    preload: str = ""

    def __str__(self) -> str:
        return str(self.task)


def run_fresh(tasks: Sequence[FreshTask], jobs: int) -> Iterator[tuple[int, Any]]:
    """Do each task in a process of its own; yields its place and result as it is done.

    Parameters
    ----------
    jobs
        How many processes there are at a time.

    Raises
    ------
    WorkerLost
        If a process ended before its task was done.
    RunError
        If a task could not be done.
    """
    doing: dict[TaskProcess, int] = {}
    waiting = list(range(len(tasks)))
    threads = max(1, cores() // jobs)
    try:
        while waiting or doing:
            while waiting and len(doing) < jobs:
                place = waiting.pop(0)
                doing[_begun(tasks[place], threads)] = place
            yield from _done(doing, tasks)
    finally:
        for process in doing:
            process.close(waits=False)


def _begun(task: FreshTask, threads: int) -> TaskProcess:
    process = TaskProcess(threads, task.preload, task.environment)
    process.begin(pickle.dumps(task.work, pickle.HIGHEST_PROTOCOL))
    process.submit(task.task)
    return process


def _done(doing: dict[TaskProcess, int], tasks: Sequence[FreshTask]) -> Iterator[tuple[int, Any]]:
    """Wait until something comes, and yield what is done by it."""
    connections = [process.connection for process in doing]
    streams = {one.fileno(): one for process in doing for one in process.streams if one.is_open}
    ready = wait([*connections, *streams])
    for stream in (streams[one] for one in ready if isinstance(one, int)):
        stream.write()
    for process in [process for process in doing if process.connection in ready]:
        message = process.receive()
        if message is None or isinstance(message, Reported):
            continue
        place = doing.pop(process)
        process.close(waits=False)
        yield place, value_of(message, tasks[place])
