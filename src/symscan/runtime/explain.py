"""Explain what a configuration loads, and why, by setting up its scanners without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from symscan.clock.session_calendar import SessionCalendar
from symscan.clock.time_manager import TimeManager
from symscan.config import ScannerConfig, SessionConfig
from symscan.model.events.session import Event, ScannerDisabled
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.plugins.modules import project_folders
from symscan.runtime.building.build import (
    DEFAULT_HISTORY_DAYS,
    calendar_of,
    member_indicators,
    read_config_renames,
)
from symscan.runtime.building.daily_prefilter import narrow_universes
from symscan.runtime.building.plugins import ScannerSetup, use_indicators
from symscan.runtime.run_warnings import survivorship_warnings, unknown_table_warnings
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.running.manager import ScannerManager
from symscan.session.requests import AddBars, AddIndicator, Request
from symscan.session.requirements import most_sessions_needed, sessions_needed, warm_up_bars
from symscan.session.session_data import SessionData
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_mix import DayMix, measure_day_mix
from symscan.sources.stored.history import StoreHistory
from symscan.sources.stored.universe import symbols_before, symbols_stored

_MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class RequirementRow:
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
class StoredShare:
    """How many of a universe's symbols the store has bars of: any, and intraday ones of the session."""

    stored: int
    traded: int


@dataclass(frozen=True, slots=True)
class DailyShare:
    """How many symbols lack daily bars, which the store derives from their regular minutes.

    Attributes
    ----------
    symbols
        How many symbols the session begins with.
    last_session
        How many of them lack the daily bar of the session before.
    sessions, any_session
        How many sessions of daily bars are wanted, and how many lack that of at least one of them.
    """

    symbols: int
    last_session: int
    sessions: int
    any_session: int


@dataclass(frozen=True, slots=True)
class PlannedScanner:
    """A scanner as it will run.

    Attributes
    ----------
    universe
        The symbols it evaluates.
    due
        When it scans, ascending.
    found
        The data of a symbol it finds; None if it adds none.
    disabled
        Why it takes no part, None if it does.
    share
        How much of its universe the store has; None where no store is named.
    """

    name: str
    universe: tuple[str, ...]
    due: tuple[Instant, ...]
    found: str | None
    disabled: str | None
    share: StoredShare | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one session of a configuration loads.

    ``daily`` is None where no store is named; ``mix`` also where no daily bars made of minutes are read.
    ``warnings`` are of universes that may lack who has left them.
    """

    session: Session
    members: tuple[str, ...]
    scanners: tuple[PlannedScanner, ...]
    wanted: tuple[RequirementRow, ...]
    daily: DailyShare | None = None
    mix: DayMix | None = None
    warnings: tuple[str, ...] = ()


def explain(config: SessionConfig, session: Session, store: BarStore | None = None) -> Explanation:
    """Explain what a session loads and why; of bars only the closes of the session before are read.

    Parameters
    ----------
    store
        The store in which the symbols are counted; None counts none.

    Raises
    ------
    ConfigErrors
        If anything in the configuration is wrong.
    ScannerFailed
        If a required scanner cannot be set up.
    """
    calendar, folders = calendar_of(config), project_folders(config.file)
    use_indicators(config, folders)
    indicators = member_indicators(config)
    known = None if store is None else partial(symbols_before, store.root.resolve())
    stored = None if store is None else partial(symbols_stored, store.root.resolve())
    setup = ScannerSetup(config, folders, known, read_config_renames(config, folders), stored)
    setup.check(session.date)
    managed = setup.managed(session)
    if store is not None:
        narrow_universes(setup, managed, session, StoreHistory(store, calendar), calendar, {})
    events, requests = _set_up(managed, session, config)
    disabled = {event.scanner: event.reason for event in events if isinstance(event, ScannerDisabled)}
    names = {one.holder: one.name for one in managed}
    wanted = [
        *_member_rows(config, indicators, session, calendar),
        *(one for request in requests for one in _request_rows(request, names, session, calendar)),
    ]
    symbols = dict.fromkeys([*config.symbols, *(one for each in managed for one in each.scanner.universe)])
    closes = RequirementRow(ONE_DAY, 1, len(symbols), "session", "previous_close, change_pct and gap_pct")
    traded = frozenset[str]() if store is None else store.traded([session.date])
    planned = tuple(
        _planned_scanner(one, scanner, config, disabled, _share(one.scanner.universe, store, traded))
        for one, scanner in zip(managed, setup.enabled, strict=True)
    )
    wanted = [closes, *wanted]
    daily = None if store is None else _daily_share(tuple(symbols), wanted, session, store, calendar)
    mix = None
    if store is not None and daily is not None and _mixes(config, wanted, daily):
        mix = measure_day_mix(store, calendar, session.date)
    scanners = {one.name: one.scanner for one in managed}
    is_past = _is_past(session, store)
    warnings = (
        *survivorship_warnings(scanners, session.date, is_past=is_past),
        *unknown_table_warnings(scanners, [session]),
    )
    return Explanation(session, config.symbols, planned, tuple(wanted), daily, mix, warnings)


def _is_past(session: Session, store: BarStore | None) -> bool:
    """Whether a store has bars of the session or a later one."""
    if store is None:
        return False
    return any(store.sessions(interval)[-1] >= session.date for interval in store.intervals())


def _mixes(config: SessionConfig, wanted: Sequence[RequirementRow], daily: DailyShare) -> bool:
    """Return whether daily indicators read bars made of minutes: of symbols without rows, or at the close."""
    reads_days = any(not one.interval.is_intraday for one in wanted[1:])
    return daily.any_session > 0 or (
        reads_days and any(one.at_close for one in config.scanners if one.enabled)
    )


def _share(universe: Sequence[str], store: BarStore | None, traded: frozenset[str]) -> StoredShare | None:
    if store is None:
        return None
    stored = store.symbols()
    return StoredShare(sum(one in stored for one in universe), sum(one in traded for one in universe))


def _daily_share(
    symbols: tuple[str, ...],
    wanted: Sequence[RequirementRow],
    session: Session,
    store: BarStore,
    calendar: SessionCalendar,
) -> DailyShare:
    """Count symbols whose daily bars are derived for the last session, or can be for earlier ones."""
    sessions = max(one.history for one in wanted if not one.interval.is_intraday)
    derived = StoreHistory(store, calendar).daily(symbols, session).derived
    last = np.zeros(len(symbols), np.bool_) if derived is None else derived
    lacking = last.copy()
    for earlier in calendar.previous(session.date, sessions)[:-1] if store.files(ONE_DAY) else ():
        finest = store.finest(earlier.date)
        if finest is not None:
            has_minutes = store.has_bars(finest, earlier.date, symbols)
            lacking |= has_minutes & ~store.has_bars(ONE_DAY, earlier.date, symbols)
    return DailyShare(len(symbols), int(last.sum()), sessions, int(lacking.sum()))


def _set_up(
    managed: Sequence[ManagedScanner], session: Session, config: SessionConfig
) -> tuple[list[Event], list[Request]]:
    """Set up the scanners in an empty session; returns events and requests."""
    data, time_manager = SessionData(session), TimeManager(session)
    manager = ScannerManager(managed, data, time_manager, config.mode)
    try:
        events = manager.setup_all()
        return events, manager.requests()
    finally:
        manager.teardown_all()


def _planned_scanner(
    managed: ManagedScanner,
    scanner: ScannerConfig,
    config: SessionConfig,
    disabled: dict[str, str],
    share: StoredShare | None,
) -> PlannedScanner:
    due = tuple(sorted(set(managed.due.all)))
    streams = ", ".join(map(str, scanner.symbol_requirements.streams or config.streams))
    history = scanner.symbol_requirements.history_days
    joins = bool(managed.due.pre_session or managed.due.regular)  # nobody joins at the close
    found = f"{streams} bars, {history} sessions of them" if history else f"{streams} bars of today"
    return PlannedScanner(
        managed.name,
        managed.scanner.universe,
        due,
        found if scanner.add_symbols and joins else None,
        disabled.get(managed.name),
        share,
    )


def _member_rows(
    config: SessionConfig, indicators: Sequence[IndicatorSpec], session: Session, calendar: SessionCalendar
) -> Iterator[RequirementRow]:
    if not config.symbols:
        return
    count = len(config.symbols)
    for interval in config.streams:
        yield RequirementRow(interval, DEFAULT_HISTORY_DAYS, count, _MEMBERS, "streams")
    for spec in indicators:
        yield _indicator_row(spec, count, _MEMBERS, session, calendar)


def _request_rows(
    request: Request, names: dict[str, str], session: Session, calendar: SessionCalendar
) -> Iterator[RequirementRow]:
    match request:
        case AddIndicator(holder, symbols, spec):
            yield _indicator_row(spec, len(symbols), names[holder], session, calendar)
        case AddBars(holder, symbols, interval, days):
            yield RequirementRow(
                interval, days, len(symbols), names[holder], "history" if days else "bars of this session"
            )


def _indicator_row(
    spec: IndicatorSpec, symbols: int, who: str, session: Session, calendar: SessionCalendar
) -> RequirementRow:
    earlier = calendar.previous(session.date, most_sessions_needed(spec))[::-1]
    bars = warm_up_bars(spec)
    why = f"{spec.key}, warm after {bars} bars" if bars else spec.key
    return RequirementRow(spec.interval, sessions_needed(spec, earlier), symbols, who, why)
