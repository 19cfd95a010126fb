"""What a configuration will load, and why: found by setting its scanners up without any data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from symscan.clock.session_calendar import SessionCalendar
from symscan.clock.time_manager import TimeManager
from symscan.config import ScannerConfig, SessionConfig
from symscan.model.events import Event, ScannerDisabled
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.runtime.building import DEFAULT_HISTORY_DAYS, calendar_of, member_indicators
from symscan.runtime.scanner_setup import ScannerSetup
from symscan.scanners.managed import ManagedScanner
from symscan.scanners.manager import ScannerManager
from symscan.session.requests import AddBars, AddIndicator, Request
from symscan.session.requirements import sessions_needed, sessions_to_look_at, warm_up_bars
from symscan.session.session_data import SessionData

_MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bars that a session loads.

    Attributes
    ----------
    interval
        How long they are.
    history
        Of how many sessions before this one.
    symbols
        Of how many symbols.
    who, why
        Who asked, and for what.
    """

    interval: Interval
    history: int
    symbols: int
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class PlannedScanner:
    """A scanner as it will run.

    Attributes
    ----------
    universe
        The symbols it judges.
    due
        When it scans, ascending.
    found
        What a symbol it finds is given; None if it brings none in.
    disabled
        Why it takes no part, None if it does.
    """

    name: str
    universe: tuple[str, ...]
    due: tuple[Instant, ...]
    found: str | None
    disabled: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one session of a configuration loads."""

    session: Session
    members: tuple[str, ...]
    scanners: tuple[PlannedScanner, ...]
    wanted: tuple[Wanted, ...]


def explain(config: SessionConfig, session: Session) -> Explanation:
    """What a session will load and why; no bars are read.

    Raises
    ------
    ConfigErrors
        If anything in the configuration is wrong.
    ScannerFailed
        If a required scanner cannot be set up.
    """
    calendar, indicators = calendar_of(config), member_indicators(config)
    setup = ScannerSetup(config, (Path.cwd(), config.file.resolve().parent))
    setup.check()
    managed = setup.managed(session)
    events, requests = _set_up(managed, session, config)
    disabled = {event.scanner: event.reason for event in events if isinstance(event, ScannerDisabled)}
    names = {one.holder: one.name for one in managed}
    wanted = [
        *_of_members(config, indicators, session, calendar),
        *(one for request in requests for one in _of_request(request, names, session, calendar)),
    ]
    symbols = len({*config.symbols, *(symbol for one in managed for symbol in one.scanner.universe)})
    closes = Wanted(ONE_DAY, 1, symbols, "session", "previous_close, change_pct and gap_pct")
    planned = (
        _planned(one, scanner, config, disabled) for one, scanner in zip(managed, setup.enabled, strict=True)
    )
    return Explanation(session, config.symbols, tuple(planned), (closes, *wanted))


def _set_up(
    managed: Sequence[ManagedScanner], session: Session, config: SessionConfig
) -> tuple[list[Event], list[Request]]:
    """Let the scanners ask for what they need, in a session that has nothing yet."""
    data, time_manager = SessionData(session), TimeManager(session)
    manager = ScannerManager(managed, data, time_manager, config.mode)
    try:
        events = manager.setup_all()
        return events, manager.requests()
    finally:
        manager.teardown_all()


def _planned(
    managed: ManagedScanner, scanner: ScannerConfig, config: SessionConfig, disabled: dict[str, str]
) -> PlannedScanner:
    due = tuple(sorted({*managed.due.pre_session, *managed.due.regular}))
    streams = ", ".join(map(str, scanner.symbol_requirements.streams or config.streams))
    history = scanner.symbol_requirements.history_days
    found = f"{streams} bars, {history} sessions of them" if history else f"{streams} bars of today"
    return PlannedScanner(
        managed.name,
        managed.scanner.universe,
        due,
        found if scanner.add_symbols else None,
        disabled.get(managed.name),
    )


def _of_members(
    config: SessionConfig, indicators: Sequence[IndicatorSpec], session: Session, calendar: SessionCalendar
) -> Iterator[Wanted]:
    if not config.symbols:
        return
    count = len(config.symbols)
    for interval in config.streams:
        yield Wanted(interval, DEFAULT_HISTORY_DAYS, count, _MEMBERS, "streams")
    for spec in indicators:
        yield _of_indicator(spec, count, _MEMBERS, session, calendar)


def _of_request(
    request: Request, names: dict[str, str], session: Session, calendar: SessionCalendar
) -> Iterator[Wanted]:
    match request:
        case AddIndicator(holder, symbols, spec):
            yield _of_indicator(spec, len(symbols), names[holder], session, calendar)
        case AddBars(holder, symbols, interval, days):
            yield Wanted(
                interval, days, len(symbols), names[holder], "history" if days else "bars of this session"
            )


def _of_indicator(
    spec: IndicatorSpec, symbols: int, who: str, session: Session, calendar: SessionCalendar
) -> Wanted:
    earlier = calendar.previous(session.date, sessions_to_look_at(spec))[::-1]
    bars = warm_up_bars(spec)
    why = f"{spec.key}, warm after {bars} bars" if bars else spec.key
    return Wanted(spec.interval, sessions_needed(spec, earlier), symbols, who, why)
