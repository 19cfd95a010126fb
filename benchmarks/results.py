"""The benchmark ``results``: what a run writes, in seconds and in bytes.

    python benchmarks/results.py [--store DIR --start DATE --end DATE] [--rounds N]

Two screens with 77 scans a day over a store, or over a generated market of 284 symbols and 5 sessions. One
JSON line, CPU seconds, minima of interleaved rounds: ``play_s`` plays the sessions and keeps nothing,
``run_s`` is the same with a run's folder, ``csv_s`` with ``hits.csv`` as well; ``written_share`` is what of
``run_s`` goes into writing, ``written_ms`` that of a session. ``month_mb`` is the folder's size at 22
sessions, ``csv_month_mb`` with ``hits.csv``; ``open_s`` opens the run and groups its episodes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from market import make_market

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.model.interval import Interval
from symscan.observers.results.run_folder import run_folder
from symscan.runs.layout import RUN, SUMMARY
from symscan.runs.reading import RunFiles
from symscan.runtime.backtest_run import BacktestRun
from symscan.runtime.runner import run_backtest
from symscan.runtime.session_bars import StoredSessionBars
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label, UnlikelyTimes
from symscan.sources.store.bar_store import BarStore

_SCHEDULE = [{"start": "09:35", "end": "15:55", "interval": "5m"}]
_SCREENS = {"hot": "rsi_14_5m > 70 AND close > vwap", "moving": "change_pct > 2"}
_MONTH = 22


def configuration(folder: Path) -> str:
    """Two screens over all symbols of the store."""
    scanners = [
        {
            "name": name,
            "universe": "store",
            "where": where,
            "regular_session": _SCHEDULE,
            "add_symbols": False,
        }
        for name, where in _SCREENS.items()
    ]
    path = folder / "results.json"
    path.write_text(json.dumps({"session_data_config": {"scanners": scanners}}))
    return path.read_text()


def make_store(folder: Path, sessions: int = 5) -> tuple[Path, date, date]:
    """A store of a generated market."""
    market = make_market(284, sessions, seed=20_240_304)
    store, calendar = BarStore.create(folder / "store"), SessionCalendar()
    for name, paths in market.write_store_files(folder / "bars").items():
        interval = Interval.parse(name)
        label = Label.START if interval.is_intraday else None
        options = ImportOptions(interval, label=label, unlikely_times=UnlikelyTimes.KEEP)
        import_bars(store, paths, options, calendar)
    return store.root, market.dates[0], market.dates[-1]


def play(run: BacktestRun) -> None:
    """Play every session and keep nothing."""
    run_backtest(run.backtest, [])


def write(run: BacktestRun, folder: Path, *, csv: bool) -> None:
    """Play every session, with a run's folder."""
    how: dict[str, Any] = {"description": run.description, "sessions": run.backtest.sessions, "csv": csv}
    bars = StoredSessionBars(run.backtest.store, run.backtest.played)
    with run_folder(folder, force=False, facts=dict, bars=bars, **how) as results:
        run_backtest(run.backtest, [results])


def open_and_group(folder: Path) -> pl.DataFrame:
    """Open a run, and count its episodes by scanner and session."""
    return RunFiles.open(folder).read("episodes").group_by("scanner", "session").len()


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    started = process_time()
    yield
    seconds.append(process_time() - started)


def measure(run: BacktestRun, folder: Path, rounds: int) -> dict[str, Any]:
    """Measure all of it, in turns."""
    times: dict[str, list[float]] = {name: [] for name in ("play", "run", "csv", "open")}
    for number in range(rounds):
        written = folder / f"run_{number}", folder / f"csv_{number}"
        with timed(times["play"]):
            play(run)
        with timed(times["run"]):
            write(run, written[0], csv=False)
        with timed(times["csv"]):
            write(run, written[1], csv=True)
        with timed(times["open"]):
            open_and_group(written[0])
    seconds = {name: min(of) for name, of in times.items()}
    sessions = len(run.backtest.sessions)
    return {
        "sessions": sessions,
        "hits": RunFiles.open(written[0]).read("hits").height,
        "episodes": RunFiles.open(written[0]).read("episodes").height,
        **{f"{name}_s": round(value, 3) for name, value in seconds.items()},
        "written_share": round(1 - seconds["play"] / seconds["run"], 3),
        "written_ms": round((seconds["run"] - seconds["play"]) / sessions * 1e3, 1),
        "month_mb": _month_mb(written[0], sessions),
        "csv_month_mb": _month_mb(written[1], sessions),
    }


def _month_mb(folder: Path, sessions: int) -> float:
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    once = sizes[folder / RUN] + sizes[folder / SUMMARY]
    return round((once + (sum(sizes.values()) - once) / sessions * _MONTH) / 1e6, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--start", type=date.fromisoformat)
    parser.add_argument("--end", type=date.fromisoformat)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        store, first, last = (given.store, given.start, given.end) if given.store else make_store(folder)
        config = parse_config(configuration(folder), str(folder / "results.json"))
        run = BacktestRun.of(config, store, first, last)
        play(run)  # so that nothing is imported or read for the first time
        print(json.dumps(measure(run, folder, given.rounds)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
