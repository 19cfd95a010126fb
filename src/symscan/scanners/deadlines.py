"""Deadlines: what wakes a session when a scan takes too long, since the scan itself will not."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from threading import Event, Thread

_LONGEST_WAIT = 3600.0
"""Seconds; a queue takes no endless timeout."""

_Deadline = tuple[float, int, Event]


class Deadlines:
    """Calls ``wake`` when a deadline passes that still matters.

    Parameters
    ----------
    wake
        Called on a thread of its own.
    monotonic
        Real seconds.
    """

    def __init__(self, wake: Callable[[], None], monotonic: Callable[[], float]) -> None:
        self._wake = wake
        self._monotonic = monotonic
        self._given: SimpleQueue[_Deadline | None] = SimpleQueue()
        self._numbers = count()  # equal deadlines are compared by them
        self._thread: Thread | None = None

    def add(self, deadline: float, over: Event) -> None:
        """Watch a deadline, on the monotonic clock; it matters unless ``over`` is set by then."""
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="scan deadlines", daemon=True)
            self._thread.start()
        self._given.put((deadline, next(self._numbers), over))

    def close(self) -> None:
        """Watch no more."""
        self._given.put(None)

    def _watch(self) -> None:
        pending: list[_Deadline] = []
        while True:
            try:
                given = self._given.get(timeout=self._seconds_to(pending))
            except Empty:
                self._pass(pending)
                continue
            if given is None:
                return
            heappush(pending, given)

    def _pass(self, pending: list[_Deadline]) -> None:
        has_passed = False
        while pending and pending[0][0] <= self._monotonic():
            has_passed |= not heappop(pending)[2].is_set()
        if has_passed:
            self._wake()

    def _seconds_to(self, pending: list[_Deadline]) -> float:
        soonest = pending[0][0] - self._monotonic() if pending else _LONGEST_WAIT
        return min(max(soonest, 0.0), _LONGEST_WAIT)
