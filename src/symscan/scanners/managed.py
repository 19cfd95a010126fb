"""One scanner of a session, with its schedule and its state."""

from __future__ import annotations

from dataclasses import dataclass, field

from symscan.model.events import ScanPhase
from symscan.model.instant import Instant
from symscan.scanners.base import BaseScanner, ScanResult
from symscan.scanners.ledger import UnknownLedger
from symscan.scanners.states import ScannerState, check_transition
from symscan.session.holders import scanner_holder


@dataclass(frozen=True, slots=True)
class DueTimes:
    """When a scanner is due in one session."""

    pre_session: tuple[Instant, ...]
    regular: tuple[Instant, ...]

    def of(self, phase: ScanPhase) -> tuple[Instant, ...]:
        """The instants of one phase."""
        return self.pre_session if phase is ScanPhase.PRE_SESSION else self.regular

    @property
    def last(self) -> Instant | None:
        """The last instant, None if there is none."""
        return max((*self.pre_session, *self.regular), default=None)


@dataclass(slots=True)
class ManagedScanner:
    """One scanner with its schedule and its state.

    Attributes
    ----------
    required
        Whether a failing setup ends the run.
    last_result
        Its latest result, None before the first scan.
    disabled
        Why it takes no part in the session, None if it does.
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
    failed: int = 0
    ledger: UnknownLedger = field(default_factory=UnknownLedger)

    @property
    def holder(self) -> str:
        """The name it holds symbols under."""
        return scanner_holder(self.name)

    def go(self, state: ScannerState) -> None:
        """Change the state.

        Raises
        ------
        ValueError
            If the state does not follow the present one.
        """
        self.state = check_transition(self.state, state)
