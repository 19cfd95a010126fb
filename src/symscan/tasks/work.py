"""What tasks share, what they are done by, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from symscan.errors import SymscanError

Report = Callable[[Any], None]
"""Called within a task to say how far it is; what it is given is pickled."""

Doer = Callable[[Any, Report], Any]
"""Does a task and returns its result. Both are pickled: a task is small, a large result best is bytes."""

Maker = Callable[[Any, Path], Doer]
"""Makes the doer of a process from ``Work.given`` and a folder for its files, removed with the process."""

OnReport = Callable[[int, Any], None]
"""Gets what a task reported, with the task's place in the sequence."""


class Work(Struct, frozen=True):
    """What all tasks of a run share; each process gets it once.

    Attributes
    ----------
    maker
        Where to import the :data:`Maker` from, ``package.module:function``: of symscan, not of ``__main__``.
    given
        What it is given. It is pickled, so it names data by paths and digests, and holds none.
    folder
        The current folder of the processes.
    """

    maker: str
    given: Any
    folder: Path


class Mismatch(SymscanError):
    """A process sees other data, modules or versions than the run was begun with.

    Parameters
    ----------
    what
        What it has, to be read after its name: ``another 1m/2018-02-20``.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"this process has {what}")


class TaskDone(Struct, frozen=True):
    """A task was done."""

    value: Any


class TaskFailed(Struct, frozen=True):
    """A task could not be done.

    Attributes
    ----------
    message
        Why: of an error that symscan raises on purpose.
    details
        The traceback of any other.
    """

    message: str
    details: str | None = None


class TaskRefused(Struct, frozen=True):
    """A process must not take part: it has something else than the run was begun with."""

    what: str


class TaskLost(Struct, frozen=True):
    """The process of a task is gone, and how it ended."""

    how: str


TaskOutcome = TaskDone | TaskFailed | TaskRefused | TaskLost


class TaskExecutor(Protocol):
    """Does tasks in other processes; use it as a context manager, which ends them."""

    def __enter__(self) -> TaskExecutor:
        """Return itself."""

    def __exit__(self, *exception: object) -> None:
        """End its processes."""

    def run(
        self, work: Work, tasks: Sequence[Any], on_report: OnReport = lambda _place, _value: None
    ) -> Iterator[tuple[int, Any]]:
        """Do tasks; yields each one's place and result as it is done. An executor runs once.

        Tasks that follow one another are done by one process as far as that keeps none waiting, so that
        what it has loaded for one serves the next.

        Parameters
        ----------
        work
            What the tasks share.
        tasks
            What the doer is called with, in their order; ``str`` of one names it in messages.
        on_report
            Called with what tasks report meanwhile.

        Raises
        ------
        WorkerLost
            If a process ended before its task was done.
        RunError
            If a task could not be done, or a process sees other data than the run was begun with.
        """


def find_maker(name: str) -> Maker:
    """Import the function that ``Work.maker`` names."""
    module, _, attribute = name.partition(":")
    maker: Maker = getattr(import_module(module), attribute)
    return maker
