"""A stopwatch: how long something really took. What it says never changes a result."""

from __future__ import annotations

from time import perf_counter


class Stopwatch:
    """Runs from its creation on."""

    __slots__ = ("_start",)

    def __init__(self) -> None:
        self._start = perf_counter()

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since it was made."""
        return perf_counter() - self._start

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it was made."""
        return 1000.0 * self.elapsed_seconds
