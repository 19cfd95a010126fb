"""Load the scanner a configuration's ``module`` names: a class of the user's, a screen, or a built-in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from symscan.plugins.modules import PlugInKind
from symscan.scanners import builtin
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.screen import Screen, ScreenScanner

_SCANNERS: Final[PlugInKind[BaseScanner]] = PlugInKind("Scanner", "scanners", BaseScanner, builtin)


def builtin_names() -> list[str]:
    """Return the names of the built-in scanners, as a configuration gives them."""
    return _SCANNERS.builtin_names()


Known = Callable[[], Sequence[str]] | None
"""Gives the symbols of the universe ``store``; None where there is no store."""


def load_scanner(
    module: str, name: str, config: dict[str, Any], folders: Sequence[Path], known: Known = None
) -> BaseScanner:
    """Make an instance of the scanner a module holds.

    Parameters
    ----------
    module
        ``scanners.gap_scanner``: a module of the project, else a built-in one; the prefix
        ``scanners.`` and the suffix ``_scanner`` may be left out, on both sides.
    name
        The scanner's name, from which a class ``{Name}Scanner`` is found.
    config
        What its constructor is given.
    folders
        Where the project's modules and universes are, first match wins.
    known
        Gives the symbols of the universe ``store``.

    Raises
    ------
    ConfigError
        If there is no such module, it does not import, or holds no scanner class that is meant.
    """
    found = _SCANNERS.load(module, folders)
    screen = getattr(found, "screen", None)
    if isinstance(screen, Screen):
        scanner: BaseScanner = ScreenScanner.of(screen, config.get("universe", "sp500"), config)
    else:
        scanner = _SCANNERS.made(_SCANNERS.class_in(found, module, name), module, config)
    scanner.use_folders(folders)
    scanner.use_known_symbols(known)
    return scanner


def load_screen(screen: Screen, universe: str, folders: Sequence[Path], known: Known = None) -> ScreenScanner:
    """Make a scanner of a screen the configuration holds, over a universe by name or path."""
    scanner = ScreenScanner.of(screen, universe)
    scanner.use_folders(folders)
    scanner.use_known_symbols(known)
    return scanner
