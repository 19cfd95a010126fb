"""The time on this computer's clock, for records of when something was written. It never changes a result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter


def utc_now() -> str:
    """Now, as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Stopwatch:
    """Runs from its creation on.

    Parameters
    ----------
    seconds
        The clock it reads.
    """

    __slots__ = ("_seconds", "_start")

    def __init__(self, seconds: Callable[[], float] = perf_counter) -> None:
        self._seconds = seconds
        self._start = seconds()

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since it was made."""
        return self._seconds() - self._start

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it was made."""
        return 1000.0 * self.elapsed_seconds
