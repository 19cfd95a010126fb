"""The scanners of a session: set up, run when due, torn down after their last scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from symscan.clock.time_manager import TimeManager
from symscan.config.modules import told
from symscan.errors import ScannerFailed
from symscan.model.events import (
    Event,
    Hits,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
)
from symscan.model.instant import Instant
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.execution import InlineExecution
from symscan.scanners.judgement import Judgement
from symscan.scanners.managed import ManagedScanner
from symscan.scanners.states import ScannerState
from symscan.session.requests import Request, RequestBook
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView


class ScannerManager:
    """Runs the scanners of one session and reports what they did as events.

    Parameters
    ----------
    scanners
        The enabled scanners in the order of the configuration.
    session_data, time_manager
        The session's state and clock.
    mode
        What scanners are told in their context.
    place
        Loads today's bars of symbols that have none yet: a hit outside its scanner's universe has its
        values at once, whoever else may have loaded it. None leaves them unknown.
    """

    def __init__(
        self,
        scanners: Sequence[ManagedScanner],
        session_data: SessionData,
        time_manager: TimeManager,
        mode: str = "backtest",
        execution: InlineExecution | None = None,
        place: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self.scanners = {managed.name: managed for managed in scanners}
        self._data = session_data
        self._time = time_manager
        self._mode = mode
        self._execution = execution or InlineExecution()
        self._place = place
        self._books = {managed.name: RequestBook(managed.holder) for managed in scanners}
        self._judgements = {
            managed.name: Judgement(session_data, managed.scanner, managed.holder) for managed in scanners
        }
        self._last_calls: dict[Instant, list[ManagedScanner]] = {}
        for managed in scanners:
            if managed.due.last is not None:
                self._last_calls.setdefault(managed.due.last, []).append(managed)
        self._instants = {one for managed in scanners for phase in ScanPhase for one in managed.due.of(phase)}
        self._calls = {phase.value: _calls(scanners, phase) for phase in ScanPhase}

    # -- before the session ------------------------------------------------------------------

    def setup_all(self) -> list[Event]:
        """Set up every scanner that is due today.

        Raises
        ------
        ScannerFailed
            If a required scanner could not be set up.
        """
        return [self._setup(managed) for managed in self.scanners.values()]

    def ready(self) -> list[ManagedScanner]:
        """The scanners that take part in the session."""
        return [managed for managed in self.scanners.values() if managed.state is ScannerState.READY]

    # -- during the session ------------------------------------------------------------------

    def should_run_scan(self, name: str, phase: ScanPhase = ScanPhase.REGULAR) -> bool:
        """Whether a scanner is due now."""
        managed = self.scanners[name]
        return managed.state is ScannerState.READY and self._time.now in managed.due.of(phase)

    def is_due(self, now: Instant) -> bool:
        """Whether any scanner is due at an instant; most have none."""
        return now in self._instants

    def collect(self) -> Iterator[ScanFinished | ScannerDone]:
        """The results that came in since the last call."""
        return iter(())

    def run_due(self, phase: ScanPhase, paused: str | None = None) -> Iterator[ScanFinished]:  # noqa: ARG002
        """Run the scanners that are due now, in the order of the configuration.

        A scan that is due of a scanner that could not be set up is a skipped one. Each result is
        given as it comes: it is not lost if a later scanner ends the run.
        """
        for managed in self._calls[phase.value].get(self._time.now, ()):
            if managed.state is ScannerState.READY:
                yield self._scan(managed, phase)
            elif managed.disabled is not None:
                yield self._finished(managed, phase, Outcome.SKIPPED, error=managed.disabled)

    def requests(self) -> list[Request]:
        """Take out what the scanners asked for."""
        return [request for book in self._books.values() for request in book.drain()]

    def teardown_finished(self) -> list[Event]:
        """Tear down the scanners whose last scan was due now."""
        over = self._last_calls.get(self._time.now, ())
        return [self._teardown(managed) for managed in over if managed.state is ScannerState.READY]

    def teardown_all(self, limit_seconds: float = 0.0) -> list[Event]:  # noqa: ARG002
        """Tear down every scanner that was set up and has not been torn down."""
        up = (ScannerState.READY, ScannerState.SCANNING)
        return [self._teardown(managed) for managed in self.scanners.values() if managed.state in up]

    # -- how ---------------------------------------------------------------------------------

    def _setup(self, managed: ManagedScanner) -> Event:
        if managed.due.last is None:
            managed.go(ScannerState.DONE)
            return ScannerDisabled(self._time.now, managed.name, "not due in this session")
        managed.go(ScannerState.SETTING_UP)
        reason = self._setup_fault(managed)
        if reason is None:
            managed.go(ScannerState.READY)
            return self._ready_event(managed)
        managed.go(ScannerState.DONE)
        managed.disabled = reason
        self._books[managed.name].drain()
        if managed.required:
            raise ScannerFailed(f"required scanner '{managed.name}' could not be set up: {reason}")
        return ScannerDisabled(self._time.now, managed.name, reason)

    def _setup_fault(self, managed: ManagedScanner) -> str | None:
        try:
            if not managed.scanner.setup(self._context(managed)):
                return "setup() returned False"
            self._adopt_universe(managed)
        except (Exception, SystemExit) as error:  # the plug-in boundary: a scanner's fault disables it
            return f"setup() raised {told(error)}"
        return None

    def _adopt_universe(self, managed: ManagedScanner) -> None:
        """Ask for the universe's session bars first, so that it comes first in every column."""
        universe = managed.scanner.universe
        wrong = [symbol for symbol in universe if not isinstance(symbol, str)]
        if wrong:
            raise TypeError(f"the universe holds {wrong[0]!r}, which is no symbol")
        self._books[managed.name].lead_with(universe, self._data.base)

    def _ready_event(self, managed: ManagedScanner) -> ScannerReady:
        keys = tuple(spec.key for spec in self._books[managed.name].specs())
        return ScannerReady(self._time.now, managed.name, len(managed.scanner.universe), keys)

    def _scan(self, managed: ManagedScanner, phase: ScanPhase) -> ScanFinished:
        managed.go(ScannerState.SCANNING)
        context = self._context(managed)
        result = self._execution.run(managed.name, managed.scanner, context, managed.timeout_seconds)
        managed.go(ScannerState.READY)
        managed.last_result = result
        managed.scans += 1
        if result.error is not None or result.skipped:
            return self._without_hits(managed, phase, result)
        return self._with_hits(managed, phase, result)

    def _without_hits(self, managed: ManagedScanner, phase: ScanPhase, result: ScanResult) -> ScanFinished:
        outcome = Outcome.SKIPPED if result.error is None else Outcome.FAILED
        managed.failed += outcome is Outcome.FAILED
        return self._finished(managed, phase, outcome, result.error, result.execution_time_ms)

    def _finished(
        self,
        managed: ManagedScanner,
        phase: ScanPhase,
        outcome: Outcome,
        error: str | None,
        execution_time_ms: float = 0.0,
    ) -> ScanFinished:
        """The record of a scan that judged nobody."""
        universe = len(self._data.candidates(managed.holder).symbols)
        return ScanFinished(
            self._time.now,
            managed.name,
            phase,
            outcome,
            universe,
            judged=0,
            unknown=0,
            hits=Hits(),
            execution_time_ms=execution_time_ms,
            error=error,
        )

    def _with_hits(self, managed: ManagedScanner, phase: ScanPhase, result: ScanResult) -> ScanFinished:
        if self._place is not None and not self._data.symbols.has_all(result.symbols):
            self._place(result.symbols)
        reasons, hits = self._judgements[managed.name].judge(result)
        managed.ledger.record(self._time.now, self._data.candidates(managed.holder).symbols, reasons)
        unknown = int(np.count_nonzero(reasons))
        return ScanFinished(
            self._time.now,
            managed.name,
            phase,
            Outcome.OK,
            universe=len(reasons),
            judged=len(reasons) - unknown,
            unknown=unknown,
            hits=hits,
            execution_time_ms=result.execution_time_ms,
        )

    def _teardown(self, managed: ManagedScanner) -> ScannerDone:
        managed.go(ScannerState.TEARING_DOWN)
        error = None
        try:
            managed.scanner.teardown(self._context(managed))
        except (Exception, SystemExit) as fault:  # the plug-in boundary
            error = f"teardown() raised {told(fault)}"
        managed.go(ScannerState.DONE)
        self._books[managed.name].forget_additions()
        entries = managed.ledger.entries()
        return ScannerDone(self._time.now, managed.name, managed.scans, managed.failed, entries, error)

    def _context(self, managed: ManagedScanner) -> ScanContext:
        return ScanContext(
            session_data=SessionView(self._data, self._books[managed.name]),
            time_manager=self._time,
            mode=self._mode,
            current_time=self._time.get_current_time(),
            config=managed.scanner.config,
        )


def _calls(scanners: Sequence[ManagedScanner], phase: ScanPhase) -> dict[Instant, list[ManagedScanner]]:
    """Who is due at which instant of a phase, in the order of the configuration."""
    calls: dict[Instant, list[ManagedScanner]] = {}
    for managed in scanners:
        for instant in managed.due.of(phase):
            calls.setdefault(instant, []).append(managed)
    return calls
