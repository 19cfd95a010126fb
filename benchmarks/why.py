"""The benchmark ``why``: what explaining decisions costs, in seconds and in bytes.

    python benchmarks/why.py [--symbols N] [--rounds N]

A screen of three clauses with 77 scans over a session of a generated market. One JSON line, minima of
interleaved rounds. ``scan_s`` is CPU of playing the session, ``recorded_s`` with every decision recorded,
``record_share`` what recording adds to the scans' own time, ``ledger_s`` and ``ledger_mb`` writing the whole
ledger, ``near_mb`` that of near misses. ``why_wall_s`` is the whole command on a run without a ledger, wall.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from market import make_market

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.model.events.session import Event, ScanFinished
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.runs.decisions.ledger import LEVELS, write_ledger
from symscan.runs.decisions.log import DecisionLog
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label, UnlikelyTimes
from symscan.sources.store.bar_store import BarStore

_SCANNER = {
    "name": "hot",
    "universe": "store",
    "where": "rsi_14_5m > 70 AND volume_ratio_20_5m > 1.2 AND close > vwap",
    "rank": "rsi_14_5m",
    "take": 20,
    "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
    "add_symbols": False,
}


class ScanTime:
    """Sums up how long scans took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's
        """Add a scan's time."""
        if isinstance(event, ScanFinished):
            self.seconds += event.execution_time_ms / 1e3


def make_store(folder: Path, symbols: int) -> tuple[Path, date]:
    """A store of a generated market, and its last session."""
    market = make_market(symbols, 2, seed=20_240_304)
    store, calendar = BarStore.create(folder / "store"), SessionCalendar()
    for name, paths in market.write_store_files(folder / "bars").items():
        interval = Interval.parse(name)
        label = Label.START if interval.is_intraday else None
        import_bars(
            store, paths, ImportOptions(interval, label=label, unlikely_times=UnlikelyTimes.KEEP), calendar
        )
    return store.root, market.dates[-1]


def play(backtest: Backtest, log: DecisionLog | None) -> tuple[float, float]:
    """Play the session; return its CPU seconds, and those of its scans."""
    scans, started = ScanTime(), process_time()
    backtest.coordinator(backtest.sessions[0], [scans], verdicts=log).run()
    return process_time() - started, scans.seconds


def measure(folder: Path, symbols: int, rounds: int) -> dict[str, Any]:
    """Measure all of it, in turns."""
    store, day = make_store(folder, symbols)
    path = folder / "why.json"
    path.write_text(json.dumps({"session_data_config": {"scanners": [_SCANNER]}}))
    backtest = assemble_backtest(parse_config(path.read_text(), str(path)), store, day, day)
    play(backtest, None)  # so that nothing is imported or read for the first time
    times: dict[str, list[float]] = {name: [] for name in ("scan", "recorded", "scans_own", "ledger", "why")}
    for _ in range(rounds):
        log = DecisionLog()
        whole, own = play(backtest, None)
        times["scan"].append(whole)
        times["scans_own"].append(own)
        times["recorded"].append(play(backtest, log)[0])
        started = process_time()
        decisions = log.decisions(backtest.sessions[0])
        for level in LEVELS[1:]:
            write_ledger(folder / f"{level}.parquet", decisions, {"hot": level})
        times["ledger"].append((process_time() - started) / 2)
    command = [Path(sys.executable).with_name("symscan"), "run", path, "--store", store, "--date", str(day)]
    subprocess.run([*command, "--out", folder / "run"], check=True, capture_output=True, cwd=folder)
    symbol = decisions.scanners["hot"].symbols[0]
    for _ in range(rounds):
        started = perf_counter()
        subprocess.run([command[0], "why", folder / "run", symbol], check=True, capture_output=True)
        times["why"].append(perf_counter() - started)
    best = {name: min(of) for name, of in times.items()}
    return {
        "symbols": symbols,
        "scan_s": round(best["scan"], 3),
        "recorded_s": round(best["recorded"], 3),
        "scans_own_s": round(best["scans_own"], 3),
        "record_share": round((best["recorded"] - best["scan"]) / best["scans_own"], 2),
        "ledger_s": round(best["ledger"], 3),
        "ledger_mb": round((folder / "full.parquet").stat().st_size / 1e6, 2),
        "near_mb": round((folder / "near.parquet").stat().st_size / 1e6, 2),
        "why_wall_s": round(best["why"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), given.symbols, given.rounds)))


if __name__ == "__main__":
    main()
