"""Do tasks on the workers of a Dask cluster, through the executor interface of its client."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from symscan.errors import InputError, RunError, WorkerLost
from symscan.tasks.cluster.address import checked_address
from symscan.tasks.cluster.remote import Answer, SharedWork, do_tasks
from symscan.tasks.cluster.versions import versions
from symscan.tasks.local import TaskCrashed
from symscan.tasks.work import OnReport, TaskDone, TaskFailed, TaskLost, TaskOutcome, TaskRefused, Work

TRIES: Final = 4
"""How often a task is begun whose worker is lost: once, and three times again."""

CONNECT_SECONDS: Final = 5.0
"""How long a scheduler is waited for."""

WORKERS_SECONDS: Final = 60.0
"""How long a cluster may be without any worker."""

_FIRST_WORKER_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 1.0
_STRETCHES_PER_WORKER: Final = 4
_LONGEST_STRETCH: Final = 16
"""A worker that is lost loses what it has done of a stretch; one that begins a stretch reads its history."""


@dataclass(slots=True)
class _Stretch:
    """Tasks that one worker does, one after another.

    Attributes
    ----------
    places
        Their places in the sequence.
    tries
        How often the first of them was begun.
    """

    places: list[int]
    tries: int = 0


class DaskCluster:
    """The workers of a scheduler.

    Parameters
    ----------
    address
        Of the scheduler, ``tls://host:8786``.
    allows_insecure
        Whether it may be on another computer without encryption.

    Raises
    ------
    InputError
        If that is no address, or not a safe one; Dask is not installed; no scheduler answers, or it has no
        worker.
    """

    def __init__(self, address: str, *, allows_insecure: bool = False) -> None:
        self.address = checked_address(address, allows_insecure=allows_insecure)
        self._run = uuid4().hex
        self._client = _connected(self.address)
        self._executor: Executor = self._client.get_executor(pure=False)
        self._without_workers: float | None = None

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave what is not done, and the cluster as it was."""
        with suppress(Exception):  # the border to Dask's library, which may be gone by now
            self._executor.shutdown(wait=False)
        with suppress(Exception):  # the same
            self._client.close(timeout=_POLL_SECONDS)

    def run(
        self,
        work: Work,
        tasks: Sequence[Any],
        on_report: OnReport = lambda _place, _value: None,  # noqa: ARG002 - stretches come back whole
    ) -> Iterator[tuple[int, Any]]:
        """Do tasks; see :meth:`~symscan.tasks.work.TaskExecutor.run`. Nothing is reported meanwhile."""
        shared = SharedWork(self._run, versions(), pickle.dumps(work, pickle.HIGHEST_PROTOCOL))
        doing = dict(self._submitted(shared, tasks, one) for one in self._stretches(len(tasks)))
        while doing:
            done, _ = wait(doing, _POLL_SECONDS, FIRST_COMPLETED)
            if not done:
                self._check_alive()
            for future in done:
                stretch = doing.pop(future)
                answer = self._answer(future, stretch, tasks)
                left = _left(answer, stretch)
                if left is not None:
                    doing.update([self._submitted(shared, tasks, self._again(left, answer, tasks))])
                places = zip(stretch.places, answer.outcomes, strict=False)
                yield from ((place, one.value) for place, one in places if isinstance(one, TaskDone))

    def _stretches(self, tasks: int) -> Iterator[_Stretch]:
        threads: int = sum(self._client.nthreads().values())
        length = min(_LONGEST_STRETCH, max(1, tasks // (_STRETCHES_PER_WORKER * max(1, threads))))
        for first in range(0, tasks, length):
            yield _Stretch(list(range(first, min(first + length, tasks))))

    def _submitted(
        self, shared: SharedWork, tasks: Sequence[Any], stretch: _Stretch
    ) -> tuple[Future[Answer], _Stretch]:
        key = f"symscan-{uuid4().hex}"
        stretch.tries += 1
        chosen = [tasks[place] for place in stretch.places]
        return self._executor.submit(do_tasks, shared, chosen, key, **{"key": key}), stretch

    def _answer(self, future: Future[Answer], stretch: _Stretch, tasks: Sequence[Any]) -> Answer:
        """Return what came of a stretch; a worker that is gone makes it one that is lost."""
        from distributed.scheduler import KilledWorker

        first = tasks[stretch.places[0]]
        try:
            return future.result()
        except KilledWorker as error:
            stretch.tries += error.allowed_failures
            return Answer(str(error.last_worker.address), (TaskLost("it is gone"),))
        except CancelledError:
            raise WorkerLost(f"the scheduler {self.address} is gone, or dropped {first}") from None
        except ImportError as error:
            raise RunError(
                f"a worker of {self.address} has no symscan, or another one ({error}); install the same "
                "version on each"
            ) from None
        except Exception as error:  # the border to Dask's library: what it raises is of many kinds
            raise WorkerLost(f"{self.address} could not have {first} done: {error!r}") from error

    def _again(self, left: _Stretch, answer: Answer, tasks: Sequence[Any]) -> _Stretch:
        """Return a stretch to be tried again, unless that was done often enough."""
        outcome, task = answer.outcomes[-1], tasks[left.places[0]]
        _raise_fault(outcome, answer.worker, task)
        if left.tries >= TRIES:
            how = outcome.how if isinstance(outcome, TaskLost) else "it was not done"
            raise WorkerLost(
                f"{task} was begun {left.tries} times, and each time its worker was lost; the last one was "
                f"{answer.worker} ({how})"
            )
        return left

    def _check_alive(self) -> None:
        """Check that the cluster has a scheduler and, at least now and then, a worker.

        Raises
        ------
        WorkerLost
            If it has not.
        """
        try:
            has_workers = bool(self._client.nthreads())
        except Exception:  # the border to Dask's library, which raises what its connection does
            raise WorkerLost(f"the scheduler {self.address} does not answer any more") from None
        now = monotonic()
        if has_workers:
            self._without_workers = None
        elif self._without_workers is None:
            self._without_workers = now
        elif now - self._without_workers > WORKERS_SECONDS:
            raise WorkerLost(f"the scheduler {self.address} has no worker any more")


def _left(answer: Answer, stretch: _Stretch) -> _Stretch | None:
    """Return what of a stretch is not done; the count of tries is that of its first task."""
    done = sum(isinstance(one, TaskDone) for one in answer.outcomes)
    if done == len(stretch.places):
        return None
    return _Stretch(stretch.places[done:], stretch.tries if done == 0 else 1)


def _raise_fault(outcome: TaskOutcome, worker: str, task: Any) -> None:
    match outcome:
        case TaskFailed(details=None):
            raise RunError(outcome.message)
        case TaskFailed():
            raise TaskCrashed(f"{task}, on {worker}: {outcome.message}\n{outcome.details}")
        case TaskRefused():
            raise RunError(f"worker {worker} has {outcome.what}")


def _connected(address: str) -> Any:
    """Connect to a scheduler that has a worker."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError("a cluster needs Dask; install it: pip install 'symscan[cluster]'") from None
    _silence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _check_certificates(address)
        try:
            client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except OSError:
            raise InputError(
                f"no Dask scheduler answers at {address} within {CONNECT_SECONDS:g} seconds; start one with "
                "'dask scheduler', or see whether the address is right"
            ) from None
        try:
            client.wait_for_workers(1, timeout=_FIRST_WORKER_SECONDS)
        except TimeoutError:
            client.close()
            raise InputError(
                f"the scheduler {address} has no worker; start some: dask worker {address}"
            ) from None
    return client


def _silence() -> None:
    """Keep Dask's loggers from saying what is raised here, retried here, or checked here."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _check_certificates(address: str) -> None:
    """Check that Dask's configuration names certificates, where they are needed."""
    if not address.startswith("tls:"):
        return
    from distributed import Security

    try:
        has_any = Security().get_connection_args("client").get("ssl_context") is not None  # type: ignore[no-untyped-call]
        fault = "it names none"
    except OSError as error:  # what ssl raises is one, too
        has_any, fault = False, str(error)
    if not has_any:
        raise InputError(
            f"{address}: Dask's configuration has no certificates to use, distributed.comm.tls ({fault})"
        )
