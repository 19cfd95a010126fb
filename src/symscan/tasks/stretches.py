"""Which task a process does next: the following one of its stretch, else one of the longest that is left."""

from __future__ import annotations

from itertools import pairwise


class Stretches:
    """Tasks that follow one another, divided among processes.

    Each process has a stretch of its own. One that has come to its end takes the back half of the longest
    that is left, so that all of them end at about the same time, and few tasks have a new neighbour.

    Parameters
    ----------
    tasks
        How many there are.
    processes
        How many processes do them.
    """

    def __init__(self, tasks: int, processes: int) -> None:
        bounds = [tasks * number // processes for number in range(processes + 1)]
        self._left = [range(first, last) for first, last in pairwise(bounds)]

    def next(self, process: int) -> int | None:
        """Return the place of the next task of a process; None if nothing is left for it."""
        if not self._left[process]:
            self._take(process)
        own = self._left[process]
        if not own:
            return None
        self._left[process] = own[1:]
        return own[0]

    def _take(self, process: int) -> None:
        longest = max(range(len(self._left)), key=lambda number: len(self._left[number]))
        left = self._left[longest]
        half = len(left) // 2
        self._left[longest], self._left[process] = left[:half], left[half:]
