"""The states of a scanner and the only ways between them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


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
    """The new state.

    Raises
    ------
    ValueError
        If it does not follow the old one.
    """
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a scanner cannot go from {old} to {new}")
    return new
