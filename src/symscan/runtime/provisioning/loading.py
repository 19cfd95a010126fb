"""Load ahead what requests need, on a thread beside the stream."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from typing import Protocol

from msgspec import Struct, field

from symscan.clock.wall_clock import Stopwatch
from symscan.errors import SymscanError
from symscan.model.interval import Interval


class DataPlan(Struct, frozen=True):
    """What to load ahead for requests.

    Attributes
    ----------
    new
        Symbols without a row yet: they need their daily history and their bars of today.
    history
        The symbols and the number of earlier sessions, by interval.
    """

    new: tuple[str, ...] = ()
    history: Mapping[Interval, tuple[tuple[str, ...], int]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to load."""
        return not self.new and not self.history


class LoadResult(Struct, frozen=True):
    """The result of a load.

    Attributes
    ----------
    history_context
        Makes the context in which the session's history reads what was loaded.
    error
        Why it could not be loaded, None if it was.
    prepared
        Symbols whose bars the source keeps until they join.
    """

    history_context: Callable[[], AbstractContextManager[object]] = nullcontext
    error: str | None = None
    prepared: tuple[str, ...] = ()


class DataLoader(Protocol):
    """Loads data plans in the order of submission."""

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        """Start a load; ``plan`` is called at once, or not at all."""

    def collect(self, *, waits: bool = False) -> list[LoadResult]:
        """Remove and return ended loads, in order: an unfinished one holds back those after it.

        ``waits`` says that the session has time to wait for them.
        """


class _Load(Struct):
    plan: DataPlan
    done: threading.Event = field(default_factory=threading.Event)
    result: LoadResult = LoadResult()
    fault: BaseException | None = None


class BackgroundLoader:
    """Loads on its own thread, while bars stream.

    Parameters
    ----------
    load
        Loads a plan and returns its history context; called on the thread.
    wake
        Called when a load ended.
    waits_for_session
        Whether the session can wait: :meth:`collect` then waits until everything is loaded.
    waiting_seconds
        How long, in all, it waits otherwise: a session that recovers missed minutes has some time,
        but must not fall behind the feed again.
    """

    def __init__(
        self,
        load: Callable[[DataPlan], Callable[[], AbstractContextManager[object]]],
        wake: Callable[[], None],
        *,
        waits_for_session: bool = False,
        waiting_seconds: float = 15.0,
    ) -> None:
        self._load = load
        self._waiting_seconds = waiting_seconds
        self._wake = wake
        self._waits_for_session = waits_for_session
        self._loads: deque[_Load] = deque()
        self._queue: SimpleQueue[_Load] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        """Start to load the plan; an empty one is ready at once, in its turn."""
        load = _Load(plan())
        self._loads.append(load)
        if load.plan.is_empty:
            load.done.set()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="loading", daemon=True)
            self._thread.start()
        self._queue.put(load)

    def collect(self, *, waits: bool = False) -> list[LoadResult]:
        """Remove and return the loads that ended.

        Raises
        ------
        Exception
            What a load raised that is no error of the data.
        """
        ended: list[LoadResult] = []
        while self._loads and self._has_ended(self._loads[0], waits=waits):
            load = self._loads.popleft()
            if load.fault is not None:
                raise load.fault
            ended.append(load.result)
        return ended

    def _has_ended(self, load: _Load, *, waits: bool) -> bool:
        if load.done.is_set() or self._waits_for_session:
            return load.done.wait()
        if not waits or self._waiting_seconds <= 0:
            return False
        watch = Stopwatch()
        has_ended = load.done.wait(self._waiting_seconds)
        self._waiting_seconds -= watch.elapsed_seconds
        return has_ended

    def _run(self) -> None:
        while True:
            load = self._queue.get()
            try:
                load.result = LoadResult(self._load(load.plan), prepared=load.plan.new)
            except SymscanError as error:
                load.result = LoadResult(error=str(error), prepared=load.plan.new)
            except BaseException as fault:  # raised again on the session's thread
                load.fault = fault
            load.done.set()
            self._wake()
