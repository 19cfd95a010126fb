"""A small market on disk, and sessions played over it, for the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.model.events.session import Event
from symscan.model.interval import ONE_MINUTE
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.runner import run_backtest
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

DAY: Final = date(2024, 3, 5)
"""The session that is played; six before it are stored."""

SYMBOLS: Final = ("UP", "DOWN", "FLAT", "QUIET", "NEW", "GONE")
"""Rises, falls, stands still, trades seldom, trades since today, is in no store."""

NOBODY: Final = ("GONE", "LOST")
"""Symbols the store lacks."""

_MINUTES: Final = 60
_EARLY: Final = 30
_EARLIER_SESSIONS: Final = 6


def write_store(folder: Path, minutes: int = _MINUTES) -> Path:
    """Write a bar store with the market's bars; returns its folder.

    Parameters
    ----------
    folder
        An existing folder.
    minutes
        How many minutes of the last session it has: later bars are the future that is cut off.
    """
    calendar = SessionCalendar()
    sessions = [*calendar.previous(DAY, _EARLIER_SESSIONS), calendar.session(DAY)]
    bars = [bar for age, session in enumerate(sessions[::-1]) for bar in _bars(session, age, minutes)]
    frame = pl.DataFrame(
        bars, orient="row", schema=["symbol", "ts", *["open", "high", "low", "close", "volume"]]
    )
    frame.write_parquet(folder / "bars.parquet")
    store = BarStore.create(folder / "store")
    import_bars(store, [folder / "bars.parquet"], ImportOptions(ONE_MINUTE, label=Label.START), calendar)
    return store.root


def _bars(session: Session, age: int, minutes: int) -> Iterator[tuple[Any, ...]]:
    opens = datetime.fromtimestamp(session.open / 1e6, session.zone)
    for minute in range(-_EARLY, minutes if age == 0 else _MINUTES):
        at = opens + timedelta(minutes=minute)
        wave = (minute * 7) % 5 / 10
        yield ("UP", at, *_bar(100 + 0.2 * minute + wave - age, 1_000 + 10 * minute))
        yield ("DOWN", at, *_bar(200 - 0.3 * minute - wave + 2 * age, 2_000 + minute))
        if minute >= 0:
            yield ("FLAT", at, *_bar(50.0, 500))
        if minute % 20 == 3:
            yield ("QUIET", at, *_bar(20 + minute / 100, 100))
        if age == 0 and minute >= 10:
            yield ("NEW", at, *_bar(10 + 0.1 * minute, 5_000))


def _bar(close: float, volume: int) -> tuple[float, float, float, float, float]:
    return (close - 0.05, close + 0.1, close - 0.1, close, float(volume))


def write_universe(folder: Path, symbols: Sequence[str] = SYMBOLS) -> str:
    """Write a universe with sectors; returns its path as a configuration holds it."""
    path = folder / f"{'_'.join(symbols)}.csv"
    lines = [f"{symbol},{('Energy', 'Utilities')[row % 2]}" for row, symbol in enumerate(symbols)]
    path.write_text("\n".join(["symbol,sector", *lines]) + "\n", encoding="utf-8")
    return str(path)


def scanner(module: str, config: Mapping[str, Any], universe: str, **more: Any) -> dict[str, Any]:
    """Return the configuration of a scanner that scans at the open and every five minutes."""
    windows = [{"start": "09:35", "end": "10:30", "interval": "5m"}]
    own = {"universe": universe, **config}
    return {
        "name": "it",
        "module": module,
        "config": own,
        "pre_session": True,
        "regular_session": windows,
    } | more


def assemble(store: Path, data: Mapping[str, Any], **more: Any) -> Backtest:
    """Assemble the session of a configuration's ``session_data_config``, checked."""
    text = json.dumps({"name": "contract", "session_data_config": data, **more})
    return assemble_backtest(parse_config(text, str(Path.cwd() / "contract.json")), store, DAY, DAY)


def play(store: Path, data: Mapping[str, Any], **more: Any) -> list[Event]:
    """Play the session; returns its events."""
    collector = EventCollector()
    run_backtest(assemble(store, data, **more), [collector])
    return collector.events
