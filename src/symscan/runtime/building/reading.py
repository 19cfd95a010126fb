"""Check which scanners read which: that they exist, and that none waits for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import ConfigError, ConfigErrors, SymscanError
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.lists import no_such_scanner
from symscan.scanners.screens.screen import ScreenScanner


def check_found_by(scanner: ScannerConfig, config: SessionConfig) -> None:
    """Check that the scanner exists whose hits a screen judges, and judges none that leads back to it.

    Raises
    ------
    ConfigErrors
        If not.
    """
    found_by = {one.name: one.screen.found_by for one in config.scanners if one.enabled and one.screen}
    names = [one.name for one in config.scanners if one.enabled]
    wanted = found_by.get(scanner.name)
    if wanted is not None and wanted not in names:
        raise ConfigErrors([_error(scanner, config, no_such_scanner(wanted, names))])
    check_reads(scanner, {name: () if by is None else (by,) for name, by in found_by.items()}, config)


def check_reads(scanner: ScannerConfig, reads: Mapping[str, Sequence[str]], config: SessionConfig) -> None:
    """Check that a scanner reads none that does not exist, or that reads it, directly or not.

    Parameters
    ----------
    reads
        The scanners that each reads.

    Raises
    ------
    ConfigErrors
        If it does.
    """
    names = [one.name for one in config.scanners if one.enabled]
    for name in reads[scanner.name]:
        if name not in names:
            raise ConfigErrors([_error(scanner, config, no_such_scanner(name, names))])
    circle = _circle(scanner.name, reads)
    if circle:
        steps = ", ".join(f"'{one}' reads '{other}'" for one, other in pairwise(circle))
        raise ConfigErrors([_error(scanner, config, f"scanners wait for each other: {steps}")])


def reads_of(made: BaseScanner) -> tuple[str, ...]:
    """Return the scanners that one reads; a screen names them in its expressions."""
    try:
        if isinstance(made, ScreenScanner):
            made.check()
    except SymscanError:
        return ()  # its setup will say so
    return tuple(made.reads_scanners)


def faulty(scanner: ScannerConfig, name: str, config: SessionConfig) -> ConfigErrors:
    """Say that the scanner whose hits are judged has faults, which are told where it stands."""
    message = f"it judges what '{name}' finds, which has faults of its own"
    return ConfigErrors([config.error(f"{scanner.path}.universe.found_by", message)])


def _circle(name: str, reads: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the shortest way along which a scanner reads itself, empty if there is none."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for other in reads.get(way[-1], ()):
            if other == name:
                return [*way, other]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []


def _error(scanner: ScannerConfig, config: SessionConfig, message: str) -> ConfigError:
    """Place an error where the scanner says what it reads."""
    screen = scanner.screen
    if screen is None:
        return config.error(f"{scanner.path}.module", message)
    part = "universe.found_by" if screen.found_by is not None and screen.found_by in message else "where"
    return config.error(f"{scanner.path}.{part}", message)
