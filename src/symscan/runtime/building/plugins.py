"""Make the plug-ins that a configuration names; every fault is located in the file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from symscan.clock.schedule import due_instants, pre_session_instants
from symscan.clock.time_manager import TimeManager
from symscan.config import ObserverConfig, ScannerConfig, SessionConfig, StrategyConfig
from symscan.config.model import Mode, module_name
from symscan.errors import ConfigError, ConfigErrors, SymscanError
from symscan.indicators.registry import use_modules
from symscan.model.session import Session
from symscan.model.universes.renames import NO_RENAMES, Renames
from symscan.observers.base import BaseObserver
from symscan.plugins.modules import PlugInKind
from symscan.runtime.building.faults import (
    all_or_errors,
    check_plugin_parameters,
    check_scanner,
    located_errors,
)
from symscan.runtime.building.reading import check_found_by, check_reads, faulty, reads_of
from symscan.runtime.building.scanner_loading import SCANNERS as SCANNERS
from symscan.runtime.building.scanner_loading import ScannerSetting, make_elsewhere
from symscan.runtime.building.scanner_loading import load_scanner as load_scanner
from symscan.runtime.building.scanner_loading import load_screen as load_screen
from symscan.scanners.base import BaseScanner
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.universe import Universe
from symscan.session.session_data import SessionData
from symscan.strategies import builtin as builtin_strategies
from symscan.strategies.base import BaseStrategy
from symscan.strategies.paper.rules import PaperRules

if TYPE_CHECKING:
    from symscan.strategies.engine import AnalysisEngine

STRATEGIES: Final[PlugInKind[BaseStrategy]] = PlugInKind(
    "Strategy", "strategies", BaseStrategy, builtin_strategies
)
OBSERVERS: Final[PlugInKind[BaseObserver]] = PlugInKind("Observer", "observers", BaseObserver)

KnownSymbols = Callable[[date], Sequence[str]]
"""Returns the symbols a store knows before the session of a date; can be pickled."""

StoredSymbols = Callable[[date], Sequence[Collection[str]]]
"""Returns the symbols that a store has bars of, on a date and at all; can be pickled."""


def use_indicators(config: SessionConfig, folders: Sequence[Path]) -> None:
    """Let names mean the indicators of a configuration's modules.

    Raises
    ------
    ConfigErrors
        If a module cannot be used; it holds all of them.
    """
    faults = use_modules(config.indicator_modules, folders)
    if faults:
        raise ConfigErrors(
            [config.error(f"indicator_modules[{number}]", str(fault)) for number, fault in faults]
        )


def _make_strategy(cls: type[BaseStrategy], strategy: StrategyConfig) -> BaseStrategy:
    """Make a strategy; raises a ``ConfigError`` if it cannot be made, or its ``paper`` is no rules."""
    config = deepcopy(strategy.config)
    made = STRATEGIES.make(cls, strategy.module, config)
    made.config = config  # a constructor of the user's need not call the base's
    if made.paper is not None and not isinstance(made.paper, PaperRules):
        module = module_name(strategy.module)
        raise ConfigError(
            f"{cls.__name__}.paper of module '{module}' is {made.paper!r}; give PaperRules(...)"
        )
    return made


@dataclass(frozen=True, slots=True)
class ScannerSetup:
    """Makes a configuration's scanners, anew for every session.

    Attributes
    ----------
    config
        The configuration.
    folders
        Where the project's modules and universes are, first match wins.
    known_symbols
        Gives the symbols of the universe ``store`` by the session's date; None where there is no store.
    renames
        Changes of ticker.
    stored_symbols
        Gives the symbols that the store has bars of, on a date and at all; None where there is no store.
    """

    config: SessionConfig
    folders: tuple[Path, ...]
    known_symbols: KnownSymbols | None = None
    renames: Renames = NO_RENAMES
    stored_symbols: StoredSymbols | None = None

    @property
    def enabled(self) -> list[ScannerConfig]:
        """The scanners that take part, in the order of the configuration."""
        return [scanner for scanner in self.config.scanners if scanner.enabled]

    def check(self, day: date | None = None) -> list[BaseScanner]:
        """Make every enabled scanner once and let it find its faults before the run starts.

        Parameters
        ----------
        day
            The date of the session it is checked for; None where there is none to name.

        Raises
        ------
        ConfigErrors
            If a module, a parameter, a universe or an expression is wrong; it holds all of them.
        """
        made = all_or_errors(self.enabled, lambda scanner: self._checked(scanner, day))
        read = {one.name: tuple(each.reads_scanners) for one, each in zip(self.enabled, made, strict=True)}
        all_or_errors(self.enabled, lambda scanner: check_reads(scanner, read, self.config))
        return made

    def managed(self, session: Session, *, isolates: bool = False) -> list[ManagedScanner]:
        """The scanners of one session with their due times.

        Parameters
        ----------
        session
            The trading day.
        isolates
            Whether scanners with ``isolation: process`` run in their own processes.
        """
        made = [(scanner, self._maker(scanner, session.date)()) for scanner in self.enabled]
        return [
            ManagedScanner(
                scanner.name,
                self._isolated(scanner, session.date) if isolates and scanner.isolation == "process" else one,
                due_times(scanner, session),
                scanner.timeout_seconds,
                scanner.required,
                reads=reads_of(one),
            )
            for scanner, one in made
        ]

    def make(self, scanner: ScannerConfig, day: date) -> BaseScanner:
        """Make one scanner in this process."""
        return self._maker(scanner, day)()

    def _checked(self, scanner: ScannerConfig, day: date | None) -> BaseScanner:
        with located_errors(scanner, self.config):
            made = self._maker(scanner, day)()
            if scanner.screen is None:
                check_plugin_parameters(made.params, scanner, self.config)
            check_scanner(made)
        return made

    def _maker(self, scanner: ScannerConfig, day: date | None) -> Callable[[], BaseScanner]:
        """Return a function that makes the scanner, in this process or another."""
        known = None if day is None or self.known_symbols is None else partial(self.known_symbols, day)
        bars = self.stored_symbols
        stored = None if day is None or bars is None else partial(bars, day)
        exchange = self.config.exchange
        setting = ScannerSetting(known, day, exchange, scanner.columns, self.renames, stored)
        if scanner.screen is None:
            module, config = scanner.module or "", dict(scanner.config)
            return partial(load_scanner, module, scanner.name, config, self.folders, setting)
        screen = scanner.screen
        given = {one.name: getattr(screen, one.name) for one in fields(Screen) if hasattr(screen, one.name)}
        names = tuple(one.name for one in self.enabled)
        found_by = None if screen.found_by is None else self._universe_found(scanner, screen.found_by, day)
        screen_of = partial(load_screen, Screen(**given), screen.universe, self.folders, setting)
        return partial(screen_of, None, names, found_by, screen.restricted_to)

    def _universe_found(self, scanner: ScannerConfig, name: str, day: date | None) -> Universe:
        """Return the universe of the scanner whose hits a screen judges, as far as it is known now."""
        check_found_by(scanner, self.config)
        (other,) = (one for one in self.enabled if one.name == name)
        try:
            made = self._maker(other, day)()
            check_scanner(made)
            return made.universe_before_setup()
        except (ConfigErrors, SymscanError):
            raise faulty(scanner, name, self.config) from None

    def _isolated(self, scanner: ScannerConfig, day: date) -> BaseScanner:
        """Return a scanner that runs in its own process."""
        from symscan.scanners.execution.process.scanner import (
            ProcessScanner,  # where nobody asks, nobody waits
        )

        modules, make = self.config.indicator_modules, self._maker(scanner, day)
        return ProcessScanner(partial(make_elsewhere, make, modules, self.folders), dict(scanner.config))


class StrategySetup(Struct, frozen=True):
    """Makes a configuration's strategies, anew for every session.

    Attributes
    ----------
    config
        The configuration.
    folders
        Where the project's modules are, first match wins.
    mode
        The mode that strategies see.
    """

    config: SessionConfig
    folders: tuple[Path, ...]
    mode: Mode = "backtest"

    def check(self) -> None:
        """Make every enabled strategy once, so that its faults are found before the run starts.

        Raises
        ------
        ConfigErrors
            If a module or a parameter is wrong; it holds all of them.
        """
        all_or_errors(self._enabled(), self._checked)

    def engine(
        self, data: SessionData, time_manager: TimeManager, scanners: Sequence[ManagedScanner]
    ) -> AnalysisEngine | None:
        """Make the engine that runs the strategies of one session, None where there are none."""
        enabled = self._enabled()
        if not enabled:
            return None
        # Most runs have no strategies and need not wait for what runs them.
        from symscan.strategies.engine import AnalysisEngine
        from symscan.strategies.runner import StrategyRunner

        made = [_make_strategy(self._class_of(one), one) for one in enabled]
        running = [
            StrategyRunner(config.name, one, data, time_manager, self.mode)
            for config, one in zip(enabled, made, strict=True)
        ]
        by_name = {one.name: one.scanner for one in scanners}
        return AnalysisEngine(running, data, time_manager, lambda name: by_name[name].rests_on_daily_bars)

    def _enabled(self) -> list[StrategyConfig]:
        return [strategy for strategy in self.config.strategies if strategy.enabled]

    def _checked(self, strategy: StrategyConfig) -> None:
        with located_errors(strategy, self.config):
            cls = self._class_of(strategy)
            check_plugin_parameters(cls.params, strategy, self.config)
            self._check_watched(strategy, _make_strategy(cls, strategy))

    def _class_of(self, strategy: StrategyConfig) -> type[BaseStrategy]:
        found = STRATEGIES.load(strategy.module, self.folders)
        return STRATEGIES.class_in(found, strategy.module, strategy.name)

    def _check_watched(self, strategy: StrategyConfig, made: BaseStrategy) -> None:
        has = [scanner.name for scanner in self.config.scanners if scanner.enabled]
        for name in made.watches:
            if name not in has:
                message = f"there is no scanner '{name}' to watch (there are: {', '.join(has) or 'none'})"
                raise ConfigErrors([self.config.error(f"{strategy.path}.config", message)])


class ObserverSetup(Struct, frozen=True):
    """Makes a configuration's observers, anew for every run.

    Attributes
    ----------
    config
        The configuration.
    folders
        Where the project's modules are, first match wins.
    """

    config: SessionConfig
    folders: tuple[Path, ...]

    def check(self) -> None:
        """Make every enabled observer once, so that its faults are found before the run starts.

        Raises
        ------
        ConfigErrors
            If a module or a parameter is wrong; it holds all of them.
        """
        self.make()

    def make(self) -> list[tuple[str, BaseObserver]]:
        """Make every enabled observer; returns each with its name."""
        return all_or_errors((one for one in self.config.observers if one.enabled), self._made)

    def _made(self, observer: ObserverConfig) -> tuple[str, BaseObserver]:
        module, config = observer.module, deepcopy(observer.config)
        with located_errors(observer, self.config):
            cls = OBSERVERS.class_in(OBSERVERS.load(module, self.folders), module, observer.name)
            check_plugin_parameters(cls.params, observer, self.config)
            made = OBSERVERS.make(cls, module, config)
        made.config = config  # a constructor of the user's need not call the base's
        return observer.name, made


def due_times(scanner: ScannerConfig, session: Session) -> DueTimes:
    """Return when a scanner is due in a session; ``pre_session: true`` is one scan at the open.

    ``at_close: true`` is one after the last slice.
    """
    before = set(pre_session_instants(scanner.pre_session_windows, session))
    if scanner.pre_session:
        before.add(session.open)
    regular = due_instants(scanner.regular_session, session)
    return DueTimes(tuple(sorted(before)), regular, (session.close,) if scanner.at_close else ())
