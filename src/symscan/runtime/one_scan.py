"""Run one scan of one scanner at one instant of a backtest, and explain its result for a symbol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

import polars as pl

from symscan.clock.schedule import Window
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import InputError, RunError
from symscan.model.events.session import Event, ScanFinished, ScannerDisabled, ScanPhase
from symscan.model.instant import from_datetime
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.observers.collector import EventCollector
from symscan.observers.event_log import EventLog
from symscan.runs.decisions.explanation import ScanExplanation, explain_scan
from symscan.runs.decisions.log import DecisionLog
from symscan.runs.decisions.table import ScannerDecisions
from symscan.runtime.assembly import Backtest
from symscan.runtime.coordinator import SessionCoordinator
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.screens.screen import ScreenScanner
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
        The scanner's universe; of one that is no screen, the symbols it has data of, too.
    unknown
        The symbols it could not evaluate, each with the reason.
    """

    scan: ScanFinished
    events: Sequence[Event]
    evaluated: Sequence[str]
    unknown: Mapping[str, str]
    _managed: ManagedScanner
    _view: SessionView
    _decisions: ScannerDecisions | None = None

    @property
    def earlier_scans(self) -> int | None:
        """How many earlier scans of the session it rests on, its own; None if it depends on none."""
        if not self._managed.scanner.is_stateful:
            return None
        scans = [one for one in self.events if isinstance(one, ScanFinished)]
        return sum(one.scanner == self.scan.scanner and one.at < self.scan.at for one in scans)

    def explanation(self, symbol: str) -> ScanExplanation | None:
        """Explain what was decided of a symbol; None where it was no candidate, or nothing was recorded."""
        if self._decisions is None:
            return None
        return explain_scan(self._decisions, len(self._decisions.scans) - 1, symbol)

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
        return self.unknown.get(symbol)


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
    """Return the configuration with one scanner, due as given and at no other time.

    One that depends on earlier scans is due at its own times too, and so are the scanners it reads.
    """
    never = {"pre_session": False, "pre_session_windows": (), "regular_session": (), "at_close": False}
    times = {**never, **due}
    has_own = scanner.pre_session_windows or scanner.regular_session or scanner.at_close
    if is_stateful(scanner) and has_own:  # what is written on the command line has no times of its own
        times["pre_session"] = times["pre_session"] or scanner.pre_session
        for key in ("pre_session_windows", "regular_session"):
            times[key] = (*getattr(scanner, key), *times[key])
    alone = replace(scanner, enabled=True, add_symbols=False, **times)
    others = [replace(one, add_symbols=False) for one in _read_by(config, scanner)]
    return replace(config, mode="backtest", scanners=(*others, alone), strategies=(), observers=())


def is_stateful(scanner: ScannerConfig) -> bool:
    """Whether what a screen finds depends on earlier scans, its own or others'."""
    screen = scanner.screen
    if screen is None:
        return False
    text = _text(scanner).lower()
    waits = screen.confirm_scans > 1 or screen.leave_when or screen.hold_minutes or screen.cooldown_minutes
    return bool(waits or screen.found_by or "last_scan." in text or "in_scanner" in text)


def _read_by(config: SessionConfig, scanner: ScannerConfig) -> list[ScannerConfig]:
    """Return the scanners that a screen reads, and those that these read."""
    read: dict[str, ScannerConfig] = {}
    left = [scanner]
    while left:
        one = left.pop()
        text, found_by = _text(one), one.screen.found_by if one.screen else None
        for other in config.scanners:
            is_named = other.name == found_by or f"'{other.name}'" in text
            if is_named and other.enabled and other.name not in {scanner.name, *read}:
                read[other.name] = other
                left.append(other)
    return list(read.values())


def _text(scanner: ScannerConfig) -> str:
    screen = scanner.screen
    texts = () if screen is None else (screen.where, screen.rank, screen.leave_when, *screen.show)
    return " ".join(filter(None, texts))


def scan_once(
    backtest: Backtest, session: Session, at: time | DayPart, scanner: str, *, explains: bool = False
) -> tuple[OneScan | None, list[Event]]:
    """Run the session up to a scanner's scan at an instant; returns it, None without one, and all events.

    With ``explains``, what the scanner decides is recorded clause by clause.
    """
    is_wanted = _wanted(session, at, scanner)
    collector, log = EventCollector(), DecisionLog(lambda name: name == scanner)
    observers: list[Observer] = [collector, EventLog()]
    coordinator = backtest.coordinator(session, observers, verdicts=log if explains else None)
    try:
        coordinator.prepare()
        for update in coordinator.slices():
            coordinator.process(update)
            for event in collector.events:
                if isinstance(event, ScanFinished) and is_wanted(event):
                    decided = log.decisions(session).scanners.get(scanner)
                    return _result(coordinator, event, collector.events, decided), collector.events
    finally:
        coordinator.scanner_manager.teardown_all()
    return None, collector.events


def _wanted(session: Session, at: time | DayPart, scanner: str) -> Callable[[ScanFinished], bool]:
    """Return what tells the scan that was asked for from earlier ones."""
    if at == "close":
        return lambda scan: scan.scanner == scanner and scan.phase is ScanPhase.AT_CLOSE
    instant = session.open
    if not isinstance(at, str):
        instant = from_datetime(datetime.combine(session.date, at, session.zone))
    return lambda scan: scan.scanner == scanner and scan.at >= instant


def finished_scan(
    backtest: Backtest, session: Session, at: time | DayPart, scanner: str, *, explains: bool = False
) -> OneScan:
    """Run the session up to a scanner's scan at an instant, which must not fail.

    Raises
    ------
    RunError
        If the scanner did not scan, or the scan failed.
    """
    scanned, happened = scan_once(backtest, session, at, scanner, explains=explains)
    if scanned is None:
        reasons = [event.reason for event in happened if isinstance(event, ScannerDisabled)]
        raise RunError("the scanner did not scan" + "".join(f": {reason}" for reason in reasons))
    if scanned.scan.error is not None:
        raise RunError(f"the scan failed: {scanned.scan.error}")
    return scanned


def _result(
    coordinator: SessionCoordinator,
    scan: ScanFinished,
    events: list[Event],
    decisions: ScannerDecisions | None,
) -> OneScan:
    managed = coordinator.scanner_manager.scanners[scan.scanner]
    view = SessionView(coordinator.session_data, RequestQueue(managed.holder))
    is_screen = isinstance(managed.scanner, ScreenScanner)  # it evaluates its universe, and may read others
    evaluated = tuple(dict.fromkeys([*managed.scanner.universe, *(() if is_screen else view.symbols)]))
    unknown = managed.unknown_tally.entries().reasons_at(scan.at, scan.phase)  # not of earlier scans
    return OneScan(scan, events, evaluated, unknown, managed, view, decisions)
