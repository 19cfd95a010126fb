"""Who is due when in one session: settled before it begins, since the engine asks at every slice."""

from __future__ import annotations

from collections.abc import Sequence

from symscan.model.events.session import ScanPhase
from symscan.model.instant import Instant
from symscan.scanners.managed import ManagedScanner

Calls = dict[Instant, list[ManagedScanner]]


class Timetable:
    """The due times of all scanners of a session, in the order of the configuration."""

    def __init__(self, scanners: Sequence[ManagedScanner]) -> None:
        self._calls: dict[ScanPhase, Calls] = {phase: {} for phase in ScanPhase}
        self._last: Calls = {}
        for managed in scanners:
            for phase, calls in self._calls.items():
                for instant in managed.due.of(phase):
                    calls.setdefault(instant, []).append(managed)
            if managed.due.last is not None:
                self._last.setdefault(managed.due.last, []).append(managed)
        self._instants = {instant for calls in self._calls.values() for instant in calls}

    def is_due(self, now: Instant) -> bool:
        """Whether any scanner is due at an instant; most have none."""
        return now in self._instants

    def due(self, phase: ScanPhase, now: Instant) -> Sequence[ManagedScanner]:
        """Who is due at an instant for a phase."""
        return self._calls[phase].get(now, ())

    def last(self, now: Instant) -> Sequence[ManagedScanner]:
        """Who is due for the last time at an instant."""
        return self._last.get(now, ())
