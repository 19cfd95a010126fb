"""What a worker of a cluster does: it has a process of its own do the tasks.

A worker of Dask runs tasks on threads of a process that lives for days. A session wants the main thread, and
modules as they are on disk now. So it is played by a process of ours, as on one computer, which ends with the
worker; one that is killed for its memory does not take the worker with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Final

from symscan.tasks.cluster.versions import first_difference, versions
from symscan.tasks.messages import Reported
from symscan.tasks.task_process import TaskProcess
from symscan.tasks.work import TaskDone, TaskLost, TaskOutcome, TaskRefused

_IDLE_SECONDS: Final = 10.0
"""How long a process waits for more tasks of its run before it is ended."""

_POLL_SECONDS: Final = 1.0
_THREADS: Final = 1
"""Of polars: the cluster's workers are as many as the cores."""


@dataclass(frozen=True, slots=True)
class SharedWork:
    """What all tasks of a run share, as it travels.

    Attributes
    ----------
    run
        Tells one run from another.
    versions
        Those of the process that began it.
    work
        The pickled :class:`~symscan.tasks.work.Work`: only a process of the same versions loads it.
    """

    run: str
    versions: Mapping[str, str]
    work: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker made of a stretch of tasks.

    Attributes
    ----------
    worker
        Its address.
    outcomes
        Of the tasks, in their order; the last one is of the first that was not done.
    """

    worker: str
    outcomes: tuple[TaskOutcome, ...]


def do_tasks(shared: SharedWork, tasks: Sequence[Any], key: str) -> Answer:
    """Do a stretch of tasks on the worker of Dask that calls this.

    Parameters
    ----------
    key
        The name of this task of Dask's: once nobody wants it any more, the rest is left.
    """
    from distributed import get_worker

    worker = get_worker()

    def is_wanted() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state != "cancelled"

    return Answer(worker.address, tuple(outcomes_of(shared, tasks, is_wanted)))


def outcomes_of(shared: SharedWork, tasks: Sequence[Any], is_wanted: Callable[[], bool]) -> list[TaskOutcome]:
    """Return what comes of tasks, up to the first that is not done."""
    difference = first_difference(shared.versions, versions())
    if difference is not None:
        return [TaskRefused(difference)]
    process, found = _PROCESSES.get(shared), list[TaskOutcome]()
    try:
        for task in tasks:
            process.submit(task)
            found.append(_outcome(process, is_wanted))
            if not isinstance(found[-1], TaskDone):
                process.close(waits=False)
                return found
    except BaseException:
        process.close(waits=False)
        raise
    _PROCESSES.keep(shared.run, process)
    return found


def _outcome(process: TaskProcess, is_wanted: Callable[[], bool]) -> TaskOutcome:
    """Wait for what comes of a task; what is printed meanwhile goes to the worker's own output."""
    while True:
        streams = {one.fileno(): one for one in process.streams if one.is_open}
        ready = wait([process.connection, *streams], _POLL_SECONDS)
        for one in ready:
            if isinstance(one, int):
                streams[one].write()
        if process.connection in ready:
            message = process.receive()
            if message is not None and not isinstance(message, Reported):
                return message
        elif not is_wanted():
            return TaskLost("nobody wants it any more")


class _Processes:
    """The processes of this worker that wait for more tasks of their run."""

    def __init__(self) -> None:
        self._idle: list[tuple[str, TaskProcess]] = []
        self._lock = threading.Lock()

    def get(self, shared: SharedWork) -> TaskProcess:
        """Return a process for tasks of a run, a new one where none waits."""
        with self._lock:
            for number, (run, process) in enumerate(self._idle):
                if run == shared.run:
                    del self._idle[number]
                    return process
        process = TaskProcess(_THREADS)
        process.begin(shared.work)
        return process

    def keep(self, run: str, process: TaskProcess) -> None:
        """Keep a process that does nothing for a while."""
        with self._lock:
            self._idle.append((run, process))
        timer = threading.Timer(_IDLE_SECONDS, self._end, (run, process))
        timer.daemon = True
        timer.start()

    def _end(self, run: str, process: TaskProcess) -> None:
        """End a process that still waits."""
        with self._lock:
            if (run, process) not in self._idle:
                return
            self._idle.remove((run, process))
        process.close(waits=True)


_PROCESSES: Final = _Processes()
