"""Record the universe ``store`` of a live session as it is at its start, since the store grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from symscan.recording.session_log import SessionRecord
from symscan.runtime.building.build import CheckedConfig
from symscan.runtime.building.plugins import KnownSymbols, ScannerSetup
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.universe import STORE
from symscan.sources.stored.universe import symbols_before

_KEY: Final = "store_universe"

KEPT: Final = "kept_universes"
"""Where the record of a session says who was kept of narrowed universes, and of how many that was unknown."""


def recorded_scanners(checked: CheckedConfig, record: SessionRecord, day: date) -> ScannerSetup:
    """Return the scanners of a live session; the universe ``store`` is recorded if one uses it.

    Earlier sessions of a symbol that joins are fetched into the store: a resumed session, and its
    comparison with a backtest, would know more symbols than the session did.
    """
    setup = checked.scanners
    if setup.known_symbols is None or all(one.universe_name != STORE for one in checked.made):
        return setup
    if record.meta.get(_KEY) is None:
        record.update_meta(**{_KEY: list(setup.known_symbols(day))})
    return replace(setup, known_symbols=partial(_as_recorded, tuple(record.meta[_KEY])))


def record_kept(record: SessionRecord, managed: Sequence[ManagedScanner]) -> None:
    """Record who was kept of narrowed universes: the store grows, and a resumed session keeps to it."""
    kept = {one.name: [list(one.kept or ()), one.narrowed.unknown] for one in managed if one.narrowed}
    if kept and record.meta.get(KEPT) is None:
        record.update_meta(**{KEPT: kept})


def recorded_symbols(about: Mapping[str, Any]) -> KnownSymbols:
    """Return a function that gives the universe ``store`` of a recorded session."""
    recorded = about.get(_KEY)
    if recorded is None:
        return partial(symbols_before, Path(about["store"]))
    return partial(_as_recorded, tuple(recorded))


def _as_recorded(symbols: Sequence[str], _day: date) -> Sequence[str]:
    return symbols
