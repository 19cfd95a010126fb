"""Waiting for the thing itself: no test depends on how fast the machine is, in either direction."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

LIMIT = 300.0
"""Seconds after which a test that waits counts as hung; nothing that works takes so long, on any machine."""


def wait_for(condition: Callable[[], object], what: str = "it", seconds: float = LIMIT) -> None:
    """Wait until something is so; looks again and again."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"{what} did not happen in {seconds:g} s"
        time.sleep(0.005)


def wait_for_file(path: Path) -> None:
    """Wait until a file is there."""
    wait_for(path.exists, f"{path.name}")


class JumpingClock:
    """Real seconds that jump far ahead once a file is there: a timeout passes when a scan says it hangs.

    Parameters
    ----------
    mark
        The file; whoever hangs writes it first.
    """

    AHEAD = 5000.0

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __call__(self) -> float:
        return time.monotonic() + (self.AHEAD if self._mark.exists() else 0.0)


class TickingClock:
    """A clock that goes on by so much whenever it is looked at: its time does not depend on the machine.

    Parameters
    ----------
    seconds
        How far it goes on at every look.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._looks = count()  # any thread may look

    def __call__(self) -> float:
        return next(self._looks) * self._seconds
