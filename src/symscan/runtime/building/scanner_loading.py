"""Make scanners of modules and screens, in this process or another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.config.model import Module
from symscan.indicators.registry import use_modules
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.renames import NO_RENAMES, Renames
from symscan.model.universes.universe_spec import UniverseSpec
from symscan.plugins.modules import PlugInKind
from symscan.scanners import builtin as builtin_scanners
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner
from symscan.scanners.universe import Universe

SCANNERS: Final[PlugInKind[BaseScanner]] = PlugInKind("Scanner", "scanners", BaseScanner, builtin_scanners)

Known = Callable[[], Sequence[str]] | None
"""Gives the symbols of the universe ``store``; None where there is no store."""

Stored = Callable[[], Sequence[Collection[str]]] | None
"""Gives the symbols with bars of the session's date, and of any; None where there is no store."""


@dataclass(frozen=True, slots=True)
class ScannerSetting:
    """What a scanner is made with beside its own settings; can be pickled.

    Attributes
    ----------
    known
        Gives the symbols of the universe ``store``.
    day
        The session's date, as of which universes are loaded; None where there is none to name.
    exchange
        Whose sessions count.
    columns
        The dated files whose columns are joined with its universe's.
    renames
        Changes of ticker.
    stored
        Gives the symbols that the store has bars of, on the session's date and at all.
    """

    known: Known = None
    day: date | None = None
    exchange: str = "NYSE"
    columns: tuple[DatedFile, ...] = ()
    renames: Renames = NO_RENAMES
    stored: Stored = None

    def given_to(self, scanner: BaseScanner, folders: Sequence[Path]) -> BaseScanner:
        """Give it to a scanner, with where the project's files are."""
        scanner.use_date(self.day)
        scanner.use_folders(folders)
        scanner.use_known_symbols(self.known)
        scanner.use_renames(self.renames, self.stored)
        scanner.use_dated_files(self.columns, self.exchange)
        return scanner


def load_scanner(
    module: Module,
    name: str,
    config: dict[str, Any],
    folders: Sequence[Path],
    setting: ScannerSetting = ScannerSetting(),
) -> BaseScanner:
    """Make the scanner a module holds, in this process or another.

    Parameters
    ----------
    module
        ``scanners.gap_scanner``: a module of the project, else a built-in one; the prefix
        ``scanners.`` and the suffix ``_scanner`` may be left out, on both sides. Or the class.
    name
        The scanner's name, from which a class ``{Name}Scanner`` is found.
    config
        What its constructor is given.
    folders
        Where the project's modules and universes are, first match wins.
    setting
        What it is made with otherwise.

    Raises
    ------
    ConfigError
        If there is no such module, it does not import, or holds no scanner class that is meant.
    """
    found = SCANNERS.load(module, folders)
    screen = found if isinstance(found, Screen) else getattr(found, "screen", None)
    if isinstance(screen, Screen):
        return load_screen(screen, config.get("universe", "sp500"), folders, setting, config)
    return setting.given_to(SCANNERS.make(SCANNERS.class_in(found, module, name), module, config), folders)


def load_screen(
    screen: Screen,
    universe: UniverseSpec,
    folders: Sequence[Path],
    setting: ScannerSetting = ScannerSetting(),
    config: dict[str, Any] | None = None,
    scanners: Sequence[str] = (),
    found_by: Universe | None = None,
    restricted_to: UniverseSpec | None = None,
) -> BaseScanner:
    """Make a scanner of a screen, over a universe, or over what another scanner finds of one."""
    made = ScreenScanner.of(screen, universe, config)
    made.use_scanners(scanners, found_by, restricted_to)
    return setting.given_to(made, folders)


def make_elsewhere(
    make: Callable[[], BaseScanner], modules: Sequence[str], folders: Sequence[Path]
) -> BaseScanner:
    """Make a scanner in another process, which does not know the configuration's indicators yet."""
    for _, fault in use_modules(modules, folders):
        raise fault
    return make()
