"""``symscan demo``: a generated market, imported, scanned and shown."""

from __future__ import annotations

import shutil
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final

import typer

from symscan.cli.commands.run import run_sessions
from symscan.cli.output.demo_report import show_events, show_next
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.demo.market import GeneratedMarket, generate_market
from symscan.errors import InputError
from symscan.model.interval import Interval
from symscan.research.report import make_report
from symscan.runs.reading import RunFiles
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

_DAY: Final = date(2026, 1, 15)
_EARLIER_SESSIONS: Final = 65
_MARK: Final = "GENERATED.txt"
_MARK_TEXT: Final = "Made by 'symscan demo'. Every symbol, price and volume in this folder is generated.\n"


def play_demo(folder: Path, symbols: int, seed: int) -> None:
    """Generate a market, import it, scan its last session, and print what was found.

    Raises
    ------
    InputError
        If the folder holds something else, or cannot be made.
    """
    calendar = SessionCalendar()
    sessions = [*calendar.previous(_DAY, _EARLIER_SESSIONS), calendar.session(_DAY)]
    prepared = _prepare_folder(folder)
    typer.echo(
        f"generating {symbols} made-up symbols over {len(sessions)} sessions (generated, not real prices)"
    )
    market = generate_market(prepared, sessions=sessions, symbols=symbols, seed=seed)
    store = _import(prepared, market, calendar)
    config = _write_config(prepared)
    results = prepared / "run"
    run_sessions(load_config(config), store, _DAY, _DAY, results, force=True, title="demo (generated market)")
    show_events(market.session, market.events, results)
    make_report(RunFiles.open(results)).write()
    show_next(config, store, market.session, results)


def _prepare_folder(folder: Path) -> Path:
    """An empty folder marked as generated; that of an earlier demo is replaced, any other is left alone.

    Raises
    ------
    InputError
        If the folder holds something else, or cannot be made.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / _MARK).exists():
                raise InputError(f"{folder} holds something else than a demo; choose another --folder")
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MARK).write_text(_MARK_TEXT)
    except OSError as error:
        raise InputError(f"{folder}: the demo's folder cannot be made ({error.strerror})") from None
    return folder


def _import(folder: Path, market: GeneratedMarket, calendar: SessionCalendar) -> Path:
    store = BarStore.create(folder / "store")
    for name, paths in market.files.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        report = import_bars(store, paths, options, calendar)
        typer.echo(f"imported {report.bars:,} generated {name} bars of {len(report.symbols)} symbols")
    return store.root


def _write_config(folder: Path) -> Path:
    path = folder / "demo.json"
    path.write_bytes((files("symscan.cli") / "demo.json").read_bytes())
    return path
