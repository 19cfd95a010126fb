"""Putting a session together: the only place that asks the mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from symscan.clock.session_calendar import SessionCalendar
from symscan.clock.time_manager import TimeManager
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import CalendarError, ConfigError, ConfigErrors, DataError, SpecError
from symscan.indicators.registry import check, spec_of
from symscan.model.session import Session
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.observers.base import Observer
from symscan.runtime.cautions import cautions
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.loading import InlineLoading
from symscan.runtime.members import MemberNeeds
from symscan.runtime.orders import Orders
from symscan.runtime.parts import SessionParts
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning import Provisioning
from symscan.runtime.scanner_setup import ScannerSetup
from symscan.runtime.strategy_setup import StrategySetup
from symscan.runtime.telling import Teller
from symscan.runtime.warming import Warming
from symscan.scanners.managed import ManagedScanner
from symscan.scanners.manager import ScannerManager
from symscan.session.holders import scanner_holder
from symscan.session.session_data import SessionData
from symscan.sources.history import StoreHistory
from symscan.sources.parquet import BarStore
from symscan.sources.replay import ReplaySource
from symscan.sources.shelf import BlockShelf

DEFAULT_HISTORY_DAYS = 5
"""Sessions of bars a member is given where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """A configuration that passed every check, and what its sessions have in common.

    Attributes
    ----------
    sessions
        The sessions to play, those without bars left out.
    warnings
        What the user should know of before believing the result.
    """

    config: SessionConfig
    store: BarStore
    calendar: SessionCalendar
    scanners: ScannerSetup
    strategies: StrategySetup
    indicators: tuple[IndicatorSpec, ...]
    sessions: tuple[Session, ...]
    warnings: tuple[str, ...]
    shelf: BlockShelf = field(default_factory=BlockShelf)

    def coordinator(self, session: Session, observers: Sequence[Observer] = ()) -> SessionCoordinator:
        """One session, ready to run."""
        managed = self.scanners.managed(session)
        source = ReplaySource(self.store, session, start=_first_due(managed, session))
        history = StoreHistory(self.store, self.calendar, self.shelf)
        data = SessionData(session, base=source.base)
        time_manager = TimeManager(session)
        warming = Warming(data, history, self.calendar)
        needs = MemberNeeds(self.config.streams, DEFAULT_HISTORY_DAYS, self.indicators)
        needs_by_holder = {
            scanner_holder(one.name): self._needs(one) if one.add_symbols else None
            for one in self.scanners.enabled
        }
        stored = history.symbols()
        provisioning = Provisioning(data, history, source, warming, needs, needs_by_holder)
        scanners = ScannerManager(managed, data, time_manager, self.config.mode, place=provisioning.place)
        return SessionCoordinator(
            SessionParts(
                session,
                time_manager,
                data,
                DataProcessor(data),
                scanners,
                provisioning,
                Orders(data, provisioning, warming, source, InlineLoading()),
                source,
                Teller(session, observers),
                self.strategies.engine(data, time_manager),
                config_symbols=tuple(symbol for symbol in self.config.symbols if symbol in stored),
            )
        )

    def _needs(self, scanner: ScannerConfig) -> MemberNeeds:
        wished = scanner.symbol_requirements
        return MemberNeeds(wished.streams or self.config.streams, wished.history_days, self.indicators)


def assemble_backtest(config: SessionConfig, store: Path, start: date, end: date) -> Backtest:
    """Check everything that can be wrong before a run begins.

    Parameters
    ----------
    config
        What to run.
    store
        The folder of the bar store.
    start, end
        The range of dates, both included.

    Raises
    ------
    ConfigErrors
        If the exchange, a module, a parameter, a universe, an indicator or an expression is wrong.
    CalendarError
        If the range holds no session.
    DataError
        If there is no store, or it has no intraday bars in the range.
    """
    if config.mode != "backtest":
        raise ConfigErrors(
            [config.error("mode", "only 'backtest' can be run by this command; leave 'mode' out")]
        )
    calendar = calendar_of(config)
    folders = (Path.cwd(), config.file.resolve().parent)
    setup, strategies = ScannerSetup(config, folders), StrategySetup(config, folders)
    made = setup.check()
    strategies.check()
    indicators = member_indicators(config)
    opened = BarStore(store)
    sessions = _sessions(calendar, start, end)
    playable = tuple(session for session in sessions if _has_bars(opened, session))
    if not playable:
        raise DataError(_nothing_to_play(opened, sessions))
    warnings = tuple(cautions(config, made, opened, sessions, playable))
    return Backtest(config, opened, calendar, setup, strategies, indicators, playable, warnings)


def calendar_of(config: SessionConfig) -> SessionCalendar:
    """The calendar of the configured exchange.

    Raises
    ------
    ConfigErrors
        If there is no such exchange.
    """
    try:
        return SessionCalendar(config.exchange)
    except CalendarError as fault:
        raise ConfigErrors([config.error("exchange", str(fault))]) from None


def _sessions(calendar: SessionCalendar, start: date, end: date) -> list[Session]:
    sessions = calendar.sessions(start, end)
    if not sessions and start != end:
        after = calendar.next(end).date
        raise CalendarError(f"there is no session from {start} to {end}; the next session is {after}")
    return sessions or [calendar.session(start)]


def member_indicators(config: SessionConfig) -> tuple[IndicatorSpec, ...]:
    """The indicators of every member, each once.

    Raises
    ------
    ConfigErrors
        If one does not exist, or a parameter is out of bounds; it holds all of them.
    """
    errors: list[ConfigError] = []
    specs: list[IndicatorSpec] = []
    for index, wanted in enumerate(config.indicators):
        try:
            specs.append(spec_of(wanted) if isinstance(wanted, IndicatorConfig) else check(wanted))
        except SpecError as fault:
            errors.append(config.error(f"session_data_config.indicators[{index}]", str(fault)))
    if errors:
        raise ConfigErrors(errors)
    return tuple(dict.fromkeys(specs))


def _first_due(scanners: Sequence[ManagedScanner], session: Session) -> int:
    """The first instant anything happens at."""
    return min((instant for one in scanners for instant in one.due.pre_session), default=session.open)


def _has_bars(store: BarStore, session: Session) -> bool:
    return any(interval.is_intraday for interval in store.intervals(session.date))


def _nothing_to_play(store: BarStore, sessions: Sequence[Session]) -> str:
    days = sorted({day for one in store.intervals() if one.is_intraday for day in store.sessions(one)})
    has = f"it has them from {days[0]} to {days[-1]}" if days else "import some with 'symscan data import'"
    wanted = str(sessions[0].date)
    if len(sessions) > 1:
        wanted = f"any session from {wanted} to {sessions[-1].date}"
    return f"{store.root} has no intraday bars of {wanted}; {has}"
