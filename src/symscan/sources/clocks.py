"""The market's clocks: this computer's, and one that runs at any speed or stands still."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from symscan.model.instant import SECOND, Instant, from_datetime


class Clock(Protocol):
    """The market's clock, as a broker has it."""

    @property
    def stands_still(self) -> bool:
        """Whether it is only moved: nobody has to wait then."""

    def begin(self) -> None:
        """Start the clock, if it has to be."""

    def now(self) -> Instant:
        """The current instant, UTC microseconds."""

    def move(self, instant: Instant) -> None:
        """Advance a clock that stands still."""

    def wait(self, seconds: float) -> None:
        """Wait so many seconds on this clock."""

    def seconds_to(self, instant: Instant) -> float:
        """The real seconds until an instant; 0 for a clock that stands still."""


class SystemClock:
    """This computer's clock."""

    stands_still = False

    def begin(self) -> None:
        """Do nothing: it runs."""

    def now(self) -> Instant:
        """Return the current instant."""
        return time.time_ns() // 1_000

    def move(self, instant: Instant) -> None:
        """Do nothing: it moves by itself."""

    def wait(self, seconds: float) -> None:
        """Wait so many seconds."""
        time.sleep(seconds)

    def seconds_to(self, instant: Instant) -> float:
        """Return the seconds until an instant."""
        return max(0.0, (instant - self.now()) / SECOND)


class VirtualClock:
    """The market's clock of a replay, or of a simulated market.

    Parameters
    ----------
    start
        The first instant.
    speed
        Speed as a multiple of real time; None: it stands still until it is moved.
    monotonic
        Real time in seconds.
    """

    def __init__(
        self, start: Instant, speed: float | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._speed = speed
        self._monotonic = monotonic
        self._began: float | None = None

    @classmethod
    def at(cls, start: datetime, speed: float | None = None) -> VirtualClock:
        """Make a clock that begins at an aware date and time."""
        return cls(from_datetime(start), speed)

    @property
    def stands_still(self) -> bool:
        """Whether it is only moved: nobody has to wait then."""
        return self._speed is None

    def begin(self) -> None:
        """Start the clock, if it has a speed and was not started."""
        if self._began is None:
            self._began = self._monotonic()

    def now(self) -> Instant:
        """Return the current instant."""
        if self._speed is None or self._began is None:
            return self._start
        return self._start + int((self._monotonic() - self._began) * self._speed * SECOND)

    def move(self, instant: Instant) -> None:
        """Advance a clock that stands still."""
        self._start = max(self._start, instant)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds on this clock; one that stands still is moved by them."""
        if self._speed is None:
            self.move(self.now() + round(seconds * SECOND))
        else:
            self.begin()
            time.sleep(seconds / self._speed)

    def seconds_to(self, instant: Instant) -> float:
        """Return the real seconds until an instant; 0 for a clock that stands still."""
        return 0.0 if self._speed is None else max(0.0, (instant - self.now()) / self._speed / SECOND)
