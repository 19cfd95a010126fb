"""One scan of one scanner at one instant of a backtest, and what it says of a single symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from symscan.clock.schedule import Window
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import InputError
from symscan.model.events.session import Event, ScanFinished, UnknownSymbols
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.observers.event_log import EventLog
from symscan.runtime.assembly import Backtest
from symscan.runtime.coordinator import SessionCoordinator
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.screens.screen import ScreenScanner
from symscan.scanners.screens.verdict import SymbolVerdict
from symscan.session.requests import RequestQueue
from symscan.session.view import SessionView


@dataclass(frozen=True, slots=True, eq=False)
class OneScan:
    """A scan, and the session as it stood then.

    Attributes
    ----------
    scan
        What came of it.
    happened
        All that happened in the session up to then.
    judged
        The scanner's universe, and the symbols it has data of.
    unknown
        Whom it could not judge.
    """

    scan: ScanFinished
    happened: Sequence[Event]
    judged: Sequence[str]
    unknown: UnknownSymbols
    _managed: ManagedScanner
    _view: SessionView

    def verdict(self, symbol: str) -> SymbolVerdict | None:
        """What the scanner's screen says of a symbol; None where it is no screen, or does not judge it."""
        scanner = self._managed.scanner
        return scanner.verdict(self._view, symbol) if isinstance(scanner, ScreenScanner) else None

    def reason(self, symbol: str) -> str | None:
        """Why a symbol could not be judged, None if it could."""
        return dict(zip(self.unknown.symbols, self.unknown.reasons, strict=True)).get(symbol)


def due_once(config: SessionConfig, scanner: ScannerConfig, at: time, session: Session) -> SessionConfig:
    """The configuration with one scanner, due once; places in its file stay what they are.

    Raises
    ------
    InputError
        If ``at`` lies outside the session.
    """
    moment = datetime.combine(session.date, at, session.zone)
    pre_open, opens, close = map(session.local, (session.pre_open, session.open, session.close))
    if not pre_open <= moment <= close:
        hours = f"{pre_open:%H:%M} to {close:%H:%M}"
        raise InputError(f"--at {at:%H:%M} is outside the session of {session.date}, which goes from {hours}")
    # Were the scan its last, the scanner would be torn down with it, and its data let go.
    later = Window(close.time(), close.time(), 1)
    once = Window(at, at, 1)
    is_before = moment <= opens
    due = replace(
        scanner,
        enabled=True,
        pre_session=False,
        pre_session_windows=(once,) if is_before else (),
        regular_session=(later,) if is_before else (once, later),
        add_symbols=False,
    )
    return replace(config, mode="backtest", scanners=(due,), strategies=())


def scan_once(backtest: Backtest, session: Session) -> tuple[OneScan | None, list[Event]]:
    """Play the session up to its first scan; returns it, None if there was none, and all that happened."""
    collector = EventCollector()
    coordinator = backtest.coordinator(session, [collector, EventLog()])
    try:
        coordinator.prepare()
        for moment in coordinator.slices():
            coordinator.process(moment)
            for event in collector.events:
                if isinstance(event, ScanFinished):
                    return _as_it_stands(coordinator, event, collector.events), collector.events
    finally:
        coordinator.scanner_manager.teardown_all()
    return None, collector.events


def _as_it_stands(coordinator: SessionCoordinator, scan: ScanFinished, happened: list[Event]) -> OneScan:
    managed = coordinator.scanner_manager.scanners[scan.scanner]
    view = SessionView(coordinator.session_data, RequestQueue(managed.holder))
    judged = tuple(dict.fromkeys([*managed.scanner.universe, *view.symbols]))
    return OneScan(scan, happened, judged, managed.ledger.entries(), managed, view)
