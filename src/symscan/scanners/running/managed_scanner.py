"""A scanner's state machine, schedule and counters."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
from msgspec import Struct, field

from symscan.model.bar import Mask
from symscan.model.events.session import Outcome, ScanPhase, UniverseNarrowed
from symscan.model.instant import Instant
from symscan.scanners.base import BaseScanner, ScanResult
from symscan.scanners.jobs.job import Job
from symscan.scanners.past_scans import PastScan
from symscan.scanners.running.unknown_tally import UnknownTally
from symscan.session.holders import scanner_holder


class ScannerState(StrEnum):
    """Where a scanner is in its life. How a scan ended is an outcome, not a state."""

    IDLE = "idle"
    SETTING_UP = "setting_up"
    READY = "ready"
    SCANNING = "scanning"
    TEARING_DOWN = "tearing_down"
    DONE = "done"


TRANSITIONS: Final = {
    ScannerState.IDLE: (ScannerState.SETTING_UP, ScannerState.DONE),
    ScannerState.SETTING_UP: (ScannerState.READY, ScannerState.DONE),
    ScannerState.READY: (ScannerState.SCANNING, ScannerState.TEARING_DOWN),
    ScannerState.SCANNING: (ScannerState.READY, ScannerState.TEARING_DOWN),
    ScannerState.TEARING_DOWN: (ScannerState.DONE,),
    ScannerState.DONE: (),
}
"""Which states follow which."""


def check_transition(old: ScannerState, new: ScannerState) -> ScannerState:
    """Return the new state.

    Raises
    ------
    ValueError
        If it does not follow the old one.
    """
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a scanner cannot go from {old} to {new}")
    return new


class DueTimes(Struct, frozen=True):
    """When a scanner is due in one session."""

    pre_session: tuple[Instant, ...]
    regular: tuple[Instant, ...]
    at_close: tuple[Instant, ...] = ()

    def of(self, phase: ScanPhase) -> tuple[Instant, ...]:
        """The instants of one phase."""
        match phase:
            case ScanPhase.PRE_SESSION:
                return self.pre_session
            case ScanPhase.REGULAR:
                return self.regular
            case ScanPhase.AT_CLOSE:
                return self.at_close

    @property
    def all(self) -> tuple[Instant, ...]:
        """The instants of every phase, in order; twice where two phases share one."""
        return (*self.pre_session, *self.regular, *self.at_close)

    @property
    def last(self) -> Instant | None:
        """The last instant, None if there is none."""
        return max(self.all, default=None)


class ManagedScanner(Struct):
    """One scanner with its schedule and its state.

    Attributes
    ----------
    required
        Whether a failing setup ends the run.
    last_result
        Its latest result, None before the first scan.
    disabled
        Why it takes no part in the session, None if it does.
    running
        The scan, setup or teardown that was submitted and has not returned, None where there is none.
    result_pending
        Whether the result of ``running`` is still to be published: it has not timed out.
    teardown_pending
        Whether it is torn down as soon as its last scan has returned.
    saved_state
        Its state after the last call, for resuming; None where that is not kept.
    reads, is_read
        The scanners whose scans it reads, and whether another one reads its own.
    past
        Its scans that were ok, where another one reads them.
    last_scan
        When it scanned last, or was to, and how that ended.
    note
        What there is to say of the scan that runs: which scans of others it could not read.
    clause_names
        The names of the conditions it has judged by.
    narrowed
        How its universe was narrowed before the session, None where it is whole.
    kept
        Who was kept of it then.
    """

    name: str
    scanner: BaseScanner
    due: DueTimes
    timeout_seconds: float = 30.0
    required: bool = False
    state: ScannerState = ScannerState.IDLE
    last_result: ScanResult | None = None
    disabled: str | None = None
    scans: int = 0
    ok_scans: int = 0
    failed: int = 0
    unknown_tally: UnknownTally = field(default_factory=UnknownTally)
    running: Job | None = None
    result_pending: bool = False
    teardown_pending: bool = False
    saved_state: bytes | None = None
    reads: tuple[str, ...] = ()
    is_read: bool = False
    past: list[PastScan] = field(default_factory=list)
    last_scan: tuple[Instant, Outcome] | None = None
    note: str | None = None
    clause_names: dict[str, None] = field(default_factory=dict)
    narrowed: UniverseNarrowed | None = None
    kept: tuple[str, ...] | None = None
    _found: set[str] = field(default_factory=set)

    @property
    def holder(self) -> str:
        """The name it holds symbols under."""
        return scanner_holder(self.name)

    def transition_to(self, state: ScannerState) -> None:
        """Change to another state.

        Raises
        ------
        ValueError
            If the state does not follow the present one.
        """
        self.state = check_transition(self.state, state)

    def record_hits(self, symbols: Sequence[str]) -> Mask:
        """Record hits; return which are their symbol's first in the session, shape ``(len(symbols),)``."""
        known = np.fromiter(map(self._found.__contains__, symbols), np.bool_, len(symbols))
        self._found.update(symbols)
        return ~known


def in_reading_order(scanners: Sequence[ManagedScanner]) -> list[ManagedScanner]:
    """Return scanners so that each comes after those it reads, otherwise in their order."""
    by_name = {managed.name: managed for managed in scanners}
    ordered: dict[str, ManagedScanner] = {}

    def add(managed: ManagedScanner) -> None:
        for name in managed.reads:
            if name in by_name and name not in ordered:
                add(by_name[name])
        ordered[managed.name] = managed

    for managed in scanners:
        if managed.name not in ordered:
            add(managed)
    return list(ordered.values())


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
            if managed.due.last is not None and not managed.due.at_close:
                self._last.setdefault(managed.due.last, []).append(managed)
        in_slices = (ScanPhase.PRE_SESSION, ScanPhase.REGULAR)
        self._instants = {instant for phase in in_slices for instant in self._calls[phase]}

    def is_due(self, now: Instant) -> bool:
        """Whether any scanner is due at an instant's slice; most have none."""
        return now in self._instants

    @property
    def at_close(self) -> Sequence[ManagedScanner]:
        """The scanners that scan once the day is complete."""
        return [managed for calls in self._calls[ScanPhase.AT_CLOSE].values() for managed in calls]

    def due(self, phase: ScanPhase, now: Instant) -> Sequence[ManagedScanner]:
        """Return the scanners due at an instant for a phase."""
        return self._calls[phase].get(now, ())

    def last(self, now: Instant) -> Sequence[ManagedScanner]:
        """Return the scanners due for the last time at an instant's slice."""
        return self._last.get(now, ())
