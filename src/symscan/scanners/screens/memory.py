"""What a screen keeps from one scan for the next: only what a scan that was ok has left counts."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from symscan.model.bar import Floats
from symscan.scanners.screens.patience import Stays


class ScanState(Struct, frozen=True, eq=False):
    """The state of a screen after a scan.

    Attributes
    ----------
    values
        The columns that ``last_scan`` reads, over the whole universe, NaN where unknown.
    stays
        Who is a hit since when, of a screen that waits.
    """

    values: Mapping[str, Floats] = field(default_factory=dict)
    stays: Stays | None = None


class ScreenMemory:
    """Keeps the state of a screen after its last scan that was ok.

    A scan does not know how it will end: one that takes too long is dropped after it has returned. So
    what a scan leaves counts from the next scan on, if the session has counted it by then.
    """

    def __init__(self) -> None:
        self._state = ScanState()
        self._next: ScanState | None = None
        self._ok_scans = 0

    @property
    def state(self) -> ScanState:
        """The state that the last scan began with."""
        return self._state

    def begin(self, ok_scans: int) -> ScanState:
        """Begin a scan after so many that were ok, and return the state it begins with."""
        if self._next is not None and ok_scans > self._ok_scans:
            self._state = self._next
        self._next, self._ok_scans = None, ok_scans
        return self._state

    def end(self, state: ScanState) -> None:
        """Keep the state that a scan leaves."""
        self._next = state
