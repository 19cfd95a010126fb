"""Build a session coordinator from a checked configuration and the session's ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from symscan.clock.session_calendar import SessionCalendar
from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.config import ScannerConfig, SessionConfig
from symscan.config.model import Mode
from symscan.errors import CalendarError, ConfigError, ConfigErrors, SpecError, UniverseError
from symscan.indicators.registry import check as checked_spec
from symscan.indicators.registry import spec_of
from symscan.model.bar import Block
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.model.universes.renames import Renames
from symscan.plugins.modules import project_folders
from symscan.runtime.building.daily_prefilter import check_prefilter, narrow_universes
from symscan.runtime.building.faults import all_or_errors, located_errors
from symscan.runtime.building.plugins import (
    KnownSymbols,
    ObserverSetup,
    ScannerSetup,
    StoredSymbols,
    StrategySetup,
    use_indicators,
)
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.monitors.lag import LagMonitor
from symscan.runtime.monitors.readiness import Connection, ReadinessMonitor
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning.loading import DataLoader
from symscan.runtime.provisioning.provisioner import MemberNeeds, Provisioner
from symscan.runtime.provisioning.queue import ProvisioningQueue
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.base import BaseScanner
from symscan.scanners.execution.inline import Execution, InlineExecution
from symscan.scanners.renames_file import read_renames
from symscan.scanners.running.evaluation import SymbolLookup
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.running.manager import ScannerManager
from symscan.scanners.running.verdicts import VerdictObserver
from symscan.scanners.screens.screen import ScreenScanner
from symscan.session.day_completion import DayCompletion, EarlierDays, StoredDay
from symscan.session.holders import scanner_holder
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource, HistorySource

if TYPE_CHECKING:
    from symscan.alerts.decider import AlertDecider
    from symscan.alerts.rules import CompiledRule

DEFAULT_HISTORY_DAYS = 5
"""Sessions of bars a member is given where nothing else is said."""


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """A configuration that passed every check that needs no data.

    Attributes
    ----------
    mode
        The mode that scanners and strategies see.
    made
        Every enabled scanner, made once to find its faults.
    alerts
        The rules of alerts, compiled.
    """

    config: SessionConfig
    mode: Mode
    calendar: SessionCalendar
    scanners: ScannerSetup
    strategies: StrategySetup
    observers: ObserverSetup
    indicators: tuple[IndicatorSpec, ...]
    made: tuple[BaseScanner, ...]
    alerts: tuple[CompiledRule, ...] = ()

    def decider(self) -> AlertDecider | None:
        """Return what decides the alerts of one session; None where there are no rules."""
        if not self.alerts:
            return None
        from symscan.alerts.decider import AlertDecider

        return AlertDecider(self.alerts)

    def needs(self) -> MemberNeeds:
        """Return the data of a member."""
        return MemberNeeds(self.config.streams, DEFAULT_HISTORY_DAYS, self.indicators)

    def needs_by_holder(self) -> dict[str, MemberNeeds | None]:
        """Return the data of members that scanners add, by holder."""
        return {
            scanner_holder(one.name): self._needs(one) if one.add_symbols else None
            for one in self.scanners.enabled
        }

    def _needs(self, scanner: ScannerConfig) -> MemberNeeds:
        needed = scanner.symbol_requirements
        return MemberNeeds(needed.streams or self.config.streams, needed.history_days, self.indicators)


@dataclass(frozen=True, slots=True)
class SessionPorts:
    """The ports of a session: sources, execution, loader, publisher; the defaults are a backtest's.

    Attributes
    ----------
    loader
        Loads ahead what requests need; None where it is loaded when they are applied.
    execution
        Executes the scanners' jobs.
    keep
        How earlier bars of members are kept, given a function that loads them; None: loaded when read.
    keeps_checkpoints
        Whether bars may come late or be corrected, so that indicators must be recomputed.
    lookup
        Finds symbols that a scan found and the session does not have; None for the provisioner, which
        adds them to the session.
    connection
        The feed's connection, for the readiness report; None in a backtest.
    settings
        Timeouts of background work, and how far the session may lag.
    stopwatch
        Measures how long a call of a scanner takes.
    stored_day
        Reads the session's own daily bars that are stored already; None where there are none.
    verdicts
        Gets the verdicts on all candidates of each scan; None: nobody. Only where jobs run inline.
    kept
        Who was kept of a narrowed universe by scanner, where the session was begun before.
    """

    history: HistorySource
    source: BarSource
    publisher: EventPublisher
    loader: DataLoader | None = None
    execution: Execution = field(default_factory=InlineExecution)
    keep: Callable[[Callable[[], Sequence[Block]]], Sequence[Block]] | None = None
    keeps_checkpoints: bool = False
    lookup: SymbolLookup | None = None
    connection: Connection | None = None
    settings: LiveSettings = field(default_factory=LiveSettings)
    stopwatch: Callable[[], Stopwatch] = Stopwatch
    stored_day: StoredDay | None = None
    verdicts: VerdictObserver | None = None
    kept: Mapping[str, tuple[Sequence[str], int]] = field(default_factory=dict)


def check(
    config: SessionConfig,
    mode: Mode,
    day: date | None = None,
    known_symbols: KnownSymbols | None = None,
    stored_symbols: StoredSymbols | None = None,
) -> CheckedConfig:
    """Check everything that can be wrong with a configuration before a session is built.

    Parameters
    ----------
    day
        The date of its first session.
    known_symbols
        Gives the symbols of the universe ``store`` by the session's date; None where there is no store.
    stored_symbols
        Gives the symbols that the store has bars of, on a date and at all; None where there is no store.

    Raises
    ------
    ConfigErrors
        If the exchange, a module, a parameter, a universe, an indicator or an expression is wrong.
    """
    calendar = calendar_of(config)
    folders = project_folders(config.file)
    use_indicators(config, folders)
    renames = read_config_renames(config, folders)
    scanners = ScannerSetup(config, folders, known_symbols, renames, stored_symbols)
    strategies = StrategySetup(config, folders, mode)
    observers = ObserverSetup(config, folders)
    made = tuple(scanners.check(day))
    _check_prefilters(scanners, made)
    strategies.check()
    observers.check()
    indicators = member_indicators(config)
    alerts = _alert_rules(config, scanners.enabled, made)
    return CheckedConfig(config, mode, calendar, scanners, strategies, observers, indicators, made, alerts)


def _alert_rules(
    config: SessionConfig, scanners: Sequence[ScannerConfig], made: Sequence[BaseScanner]
) -> tuple[CompiledRule, ...]:
    """Compile the rules of alerts, given the scanners they are about."""
    if not config.alerts.rules:
        return ()
    from symscan.alerts.rules import compile_rules

    values = {
        one.name: scanner.value_kinds if isinstance(scanner, ScreenScanner) else None
        for one, scanner in zip(scanners, made, strict=True)
    }
    return compile_rules(config, values)


def read_config_renames(config: SessionConfig, folders: Sequence[Path]) -> Renames:
    """Return the changes of ticker that a configuration names."""
    if config.renames is None:
        return Renames()
    places = [Path(config.renames).expanduser(), *(folder / config.renames for folder in folders)]
    path = next((one for one in places if one.is_file()), None)
    try:
        if path is None:
            raise UniverseError(
                f"there is no file '{config.renames}'; write one with the header date,old,new"
            )
        return read_renames(path)
    except UniverseError as fault:
        raise ConfigErrors([config.error("renames", str(fault))]) from None


def _check_prefilters(scanners: ScannerSetup, made: Sequence[BaseScanner]) -> None:
    """Check the conditions by which universes are narrowed."""

    def check_one(pair: tuple[ScannerConfig, BaseScanner]) -> None:
        scanner, one = pair
        if scanner.universe_where is not None:
            with located_errors(scanner, scanners.config):
                check_prefilter(one, scanner.universe_where)

    all_or_errors(zip(scanners.enabled, made, strict=True), check_one)


def build(
    checked: CheckedConfig, session: Session, managed: Sequence[ManagedScanner], ports: SessionPorts
) -> SessionCoordinator:
    """Build one session, ready to run."""
    history, source = ports.history, ports.source
    narrow_universes(checked.scanners, managed, session, history, checked.calendar, ports.kept)
    data = SessionData(session, base=source.base, keeps_checkpoints=ports.keeps_checkpoints)
    time_manager = TimeManager(session)
    warm_up = IndicatorWarmup(data, history, checked.calendar)
    day_completion = DayCompletion(data, checked.calendar, _days_before(history, session), ports.stored_day)
    needs, by_holder = checked.needs(), checked.needs_by_holder()
    provisioner = Provisioner(data, history, source, warm_up, needs, by_holder, ports.keep, day_completion)
    stored = history.symbols()
    scanners = ScannerManager(
        managed,
        data,
        time_manager,
        checked.mode,
        ports.execution,
        ports.lookup or provisioner,
        ports.stopwatch,
        ports.verdicts,
    )
    return SessionCoordinator(
        session,
        time_manager,
        data,
        DataProcessor(data),
        scanners,
        provisioner,
        ProvisioningQueue(data, provisioner, source, ports.loader),
        day_completion,
        source,
        ports.publisher,
        checked.strategies.engine(data, time_manager, managed),
        config_symbols=tuple(symbol for symbol in checked.config.symbols if symbol in stored),
        lag=LagMonitor(ports.settings.lag_seconds),
        readiness=None if ports.connection is None else ReadinessMonitor(data, ports.connection),
        closing_seconds=ports.settings.closing_seconds,
    )


def _days_before(history: HistorySource, session: Session) -> EarlierDays:
    return lambda symbols, days: history.load(symbols, ONE_DAY, session, days)


def calendar_of(config: SessionConfig) -> SessionCalendar:
    """Return the calendar of the configured exchange.

    Raises
    ------
    ConfigErrors
        If there is no such exchange.
    """
    try:
        return SessionCalendar(config.exchange)
    except CalendarError as fault:
        raise ConfigErrors([config.error("exchange", str(fault))]) from None


def member_indicators(config: SessionConfig) -> tuple[IndicatorSpec, ...]:
    """Return the indicators of every member, each once.

    Raises
    ------
    ConfigErrors
        If one does not exist, or a parameter is out of bounds; it holds all of them.
    """
    errors: list[ConfigError] = []
    specs: list[IndicatorSpec] = []
    for index, wanted in enumerate(config.indicators):
        try:
            specs.append(spec_of(wanted) if isinstance(wanted, IndicatorConfig) else checked_spec(wanted))
        except SpecError as fault:
            errors.append(config.error(f"session_data_config.indicators[{index}]", str(fault)))
    if errors:
        raise ConfigErrors(errors)
    return tuple(dict.fromkeys(specs))


def first_due(scanners: Sequence[ManagedScanner], session: Session) -> Instant:
    """Return the first instant a scanner is due before the open, or the open."""
    return min((instant for one in scanners for instant in one.due.pre_session), default=session.open)
