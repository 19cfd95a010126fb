"""Run one scan of one scanner at one instant of a backtest, and explain its result for a symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

import polars as pl

from symscan.clock.schedule import Window
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import InputError, RunError
from symscan.model.events.session import Event, ScanFinished, ScannerDisabled, UnknownSymbols
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

DayPart = Literal["open", "close"]
"""An instant by name: the open, or the close, when the day is complete."""


@dataclass(frozen=True, slots=True, eq=False)
class OneScan:
    """A scan, and the state of the session at that instant.

    Attributes
    ----------
    scan
        The result of the scan.
    events
        The events of the session up to the scan.
    evaluated
        The scanner's universe, and the symbols it has data of.
    unknown
        The symbols it could not evaluate.
    """

    scan: ScanFinished
    events: Sequence[Event]
    evaluated: Sequence[str]
    unknown: UnknownSymbols
    _managed: ManagedScanner
    _view: SessionView

    def verdict(self, symbol: str) -> SymbolVerdict | None:
        """Evaluate a symbol by the scanner's screen; None if it is no screen or does not cover the symbol."""
        scanner = self._managed.scanner
        return scanner.verdict(self._view, symbol) if isinstance(scanner, ScreenScanner) else None

    def values(self) -> pl.DataFrame | None:
        """Return what the scanner's screen read of each symbol; None if it is no screen.

        Returns
        -------
        polars.DataFrame or None
            ``symbol``; ``place`` among those that meet the condition, from 1, null for others; and a
            column per name of the screen.
        """
        scanner = self._managed.scanner
        return scanner.values(self._view) if isinstance(scanner, ScreenScanner) else None

    def reason(self, symbol: str) -> str | None:
        """Return why a symbol could not be evaluated, None if it could."""
        return dict(zip(self.unknown.symbols, self.unknown.reasons, strict=True)).get(symbol)


def due_once(
    config: SessionConfig,
    scanner: ScannerConfig,
    at: time | DayPart,
    session: Session,
    *,
    has_minutes: bool = True,
) -> SessionConfig:
    """Return the configuration with one scanner, due once; locations in its file stay the same.

    Parameters
    ----------
    at
        On the exchange's clock; or the open, or the close, when the day is complete.
    has_minutes
        Whether the store has bars within the session; without, only open and close are known.

    Raises
    ------
    InputError
        If ``at`` lies outside the session, or the store knows nothing of it.
    """
    pre_open, opens, close = map(session.local, (session.pre_open, session.open, session.close))
    # The scan at the close keeps the scanner's data until this one was looked at.
    if isinstance(at, str):
        return _with_one(config, scanner, pre_session=at == "open", at_close=True)
    if not has_minutes:
        raise InputError(f"--at {at:%H:%M}: the store has daily bars only; give open or close")
    update = datetime.combine(session.date, at, session.zone)
    if not pre_open <= update <= close:
        hours = f"{pre_open:%H:%M} to {close:%H:%M}"
        raise InputError(f"--at {at:%H:%M} is outside the session of {session.date}, which goes from {hours}")
    once = Window(at, at, 1)
    is_before = update <= opens
    return _with_one(
        config,
        scanner,
        pre_session_windows=(once,) if is_before else (),
        regular_session=() if is_before else (once,),
        at_close=True,
    )


def _with_one(config: SessionConfig, scanner: ScannerConfig, **due: Any) -> SessionConfig:
    """Return the configuration with one scanner, due as given and at no other time."""
    never = {"pre_session": False, "pre_session_windows": (), "regular_session": (), "at_close": False}
    alone = replace(scanner, enabled=True, add_symbols=False, **{**never, **due})
    return replace(config, mode="backtest", scanners=(alone,), strategies=(), observers=())


def scan_once(backtest: Backtest, session: Session) -> tuple[OneScan | None, list[Event]]:
    """Run the session up to its first scan; returns it, None if there was none, and all events."""
    collector = EventCollector()
    coordinator = backtest.coordinator(session, [collector, EventLog()])
    try:
        coordinator.prepare()
        for update in coordinator.slices():
            coordinator.process(update)
            for event in collector.events:
                if isinstance(event, ScanFinished):
                    return _result(coordinator, event, collector.events), collector.events
    finally:
        coordinator.scanner_manager.teardown_all()
    return None, collector.events


def finished_scan(backtest: Backtest, session: Session) -> OneScan:
    """Run the session up to its first scan, which must not fail.

    Raises
    ------
    RunError
        If the scanner did not scan, or the scan failed.
    """
    scanned, happened = scan_once(backtest, session)
    if scanned is None:
        reasons = [event.reason for event in happened if isinstance(event, ScannerDisabled)]
        raise RunError("the scanner did not scan" + "".join(f": {reason}" for reason in reasons))
    if scanned.scan.error is not None:
        raise RunError(f"the scan failed: {scanned.scan.error}")
    return scanned


def _result(coordinator: SessionCoordinator, scan: ScanFinished, events: list[Event]) -> OneScan:
    managed = coordinator.scanner_manager.scanners[scan.scanner]
    view = SessionView(coordinator.session_data, RequestQueue(managed.holder))
    evaluated = tuple(dict.fromkeys([*managed.scanner.universe, *view.symbols]))
    return OneScan(scan, events, evaluated, managed.unknown_tally.entries(), managed, view)
