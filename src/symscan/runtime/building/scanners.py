"""Make the scanners of a configuration; every fault is located in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from symscan.clock.schedule import due_instants, pre_session_instants
from symscan.config import ScannerConfig, SessionConfig
from symscan.config.plugin_params import check_parameters
from symscan.errors import ConfigError, ConfigErrors, ExpressionError, SpecError, SymscanError, UniverseError
from symscan.model.session import Session
from symscan.plugins.errors import describe_error
from symscan.scanners.base import BaseScanner
from symscan.scanners.loading import load_scanner, load_screen
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.scanners.screens.screen import Screen

KnownSymbols = Callable[[date], Sequence[str]]
"""Returns the symbols a store knows before the session of a date; can be pickled."""


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
    """

    config: SessionConfig
    folders: tuple[Path, ...]
    known_symbols: KnownSymbols | None = None

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
        errors: list[ConfigError] = []
        made: list[BaseScanner] = []
        for scanner in self.enabled:
            try:
                made.append(self._checked(scanner, day))
            except ConfigErrors as faults:
                errors += faults.errors
        if errors:
            raise ConfigErrors(errors)
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
        return [
            ManagedScanner(
                scanner.name,
                self._isolated(scanner, session.date)
                if isolates and scanner.isolation == "process"
                else self._maker(scanner, session.date)(),
                due_times(scanner, session),
                scanner.timeout_seconds,
                scanner.required,
            )
            for scanner in self.enabled
        ]

    def _checked(self, scanner: ScannerConfig, day: date | None) -> BaseScanner:
        with self._located_errors(scanner):
            made = self._maker(scanner, day)()
            self._check_parameters(scanner, made)
            _check(made)
        return made

    def _check_parameters(self, scanner: ScannerConfig, made: BaseScanner) -> None:
        """Check the parameters of a scanner that declares them: unknown ones are faults."""
        if made.params is None or scanner.screen is not None:
            return
        check_parameters(made.params, scanner.config, f"{scanner.path}.config", self.config.error)

    def _maker(self, scanner: ScannerConfig, day: date | None) -> Callable[[], BaseScanner]:
        """Return a function that makes the scanner, in this process or another."""
        known = None if day is None or self.known_symbols is None else partial(self.known_symbols, day)
        if scanner.screen is None:
            config = dict(scanner.config)
            return partial(load_scanner, scanner.module or "", scanner.name, config, self.folders, known)
        screen = scanner.screen
        parts = Screen(screen.where, screen.rank, screen.take, screen.show, screen.max_age_minutes)
        return partial(load_screen, parts, screen.universe, self.folders, known)

    def _isolated(self, scanner: ScannerConfig, day: date) -> BaseScanner:
        """Return a scanner that runs in its own process."""
        from symscan.scanners.execution.process.scanner import (
            ProcessScanner,  # where nobody asks, nobody waits
        )

        return ProcessScanner(self._maker(scanner, day), dict(scanner.config))

    @contextmanager
    def _located_errors(self, scanner: ScannerConfig) -> Iterator[None]:
        """Convert a scanner's errors to faults of the configuration, each with its location."""
        path, error_at = scanner.path, self.config.error
        is_screen = scanner.screen is not None
        try:
            yield
        except ExpressionError as fault:
            part = f"{path}.{fault.part}" if is_screen and fault.part else f"{path}.module"
            offset = fault.offset if is_screen else None
            raise ConfigErrors([error_at(part, str(fault), offset=offset)]) from None
        except UniverseError as fault:
            where = f"{path}.universe" if is_screen else f"{path}.config.universe"
            raise ConfigErrors([error_at(where, str(fault))]) from None
        except (ConfigError, SpecError) as fault:
            raise ConfigErrors([error_at(f"{path}.module", str(fault))]) from None


def _check(made: BaseScanner) -> None:
    """Call a scanner's check; describe any exception of the user's code."""
    try:
        made.check()
    except SymscanError:
        raise
    except (Exception, SystemExit) as error:  # the plug-in boundary: the user's check
        name = type(made).__name__
        raise ConfigError(f"{name}.check(): {describe_error(error, type(made).__module__)}") from error


def due_times(scanner: ScannerConfig, session: Session) -> DueTimes:
    """Return when a scanner is due in a session; ``pre_session: true`` is one scan at the open."""
    before = set(pre_session_instants(scanner.pre_session_windows, session))
    if scanner.pre_session:
        before.add(session.open)
    return DueTimes(tuple(sorted(before)), due_instants(scanner.regular_session, session))
