"""The benchmark ``session``: the engine beside a plain NumPy cross-section of the same job.

    python benchmarks/session.py [small] [large] [--rounds N]

One JSON line per workload, medians of interleaved rounds. ``loop_s`` is the session loop alone, bars in
memory to hits in memory; ``plain_loop_s`` the plain version's; ``command_s`` the whole command from the bar
store to hits on disk; ``polars_read_s`` is polars reading and sorting the same day in a process of its own,
``polars_again_s`` the same once more in it, ``polars_command_s`` the whole process with one reading.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import plain
from job import write_project
from market import Market, build

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import MINUTE
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.model.symbols import SymbolTable
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

Hits = np.typing.NDArray[np.int64]


class Collector:
    """An observer that keeps scans in memory."""

    def __init__(self) -> None:
        self.scans: list[tuple[Session, ScanFinished]] = []

    def observe(self, session: Session, event: Event) -> None:
        if isinstance(event, ScanFinished):
            self.scans.append((session, event))


def run_engine(backtest: Backtest) -> tuple[float, Collector]:
    """Play every session; returns the seconds of the session loops alone, and what they found."""
    collector, seconds = Collector(), 0.0
    for session in backtest.sessions:
        coordinator = backtest.coordinator(session, [collector])
        coordinator.prepare()
        slices = coordinator.slices()
        started = perf_counter()
        for bar_slice in slices:
            coordinator.step(bar_slice)
        seconds += perf_counter() - started
    return seconds, collector


def hits_of(market: Market, collector: Collector) -> Hits:
    """Hits as the plain version gives them: session, minutes since the open, row."""
    rows = SymbolTable(market.symbols)
    day_of = {day: index for index, day in enumerate(market.dates)}
    found = [
        (day_of[session.date], (scan.at - session.open) // MINUTE, row)
        for session, scan in collector.scans
        for row in rows.rows(scan.hits.symbols).tolist()
    ]
    return np.array(sorted(found), np.int64).reshape(-1, 3)


def digest(hits: Hits) -> str:
    """The first 12 hex digits of the hits' sha256."""
    return hashlib.sha256(np.ascontiguousarray(hits).tobytes()).hexdigest()[:12]


def make_store(market: Market, folder: Path) -> tuple[Path, list[Path]]:
    """Import the market; returns the store and its raw minute files."""
    store = BarStore.create(folder / "store")
    calendar = SessionCalendar()
    files = market.write_store_files(folder / "raw")
    for name, paths in files.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, paths, options, calendar)
    return store.root, files["1m"]


# A child's own peak: what the system counts for it includes what its parent held when it was started.
PEAK = """
import atexit, pathlib, re, sys
def peak():
    status = pathlib.Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    print(*re.findall(r"VmHWM:\\s+(\\d+)", text), file=sys.stderr)
atexit.register(peak)
"""

COMMAND = (
    PEAK
    + """
from symscan.cli import main
main()
"""
)


def time_command(config: Path, store: Path, dates: Sequence[Any]) -> tuple[float, float]:
    """Seconds and peak megabytes (NaN where unknown) of ``symscan run`` from the store to hits on disk."""
    command = [sys.executable, "-c", COMMAND, "run", str(config), "--store", str(store)]
    command += ["--start", str(dates[0]), "--end", str(dates[-1])]
    command += ["--out", str(config.parent / "out"), "--force"]
    started = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = perf_counter() - started
    if done.returncode:
        raise SystemExit(f"symscan run failed:\n{done.stderr}")
    kilobytes = done.stderr.split()[-1:]
    return seconds, int(kilobytes[0]) / 1024 if kilobytes else float("nan")


POLARS = """
import sys
from time import perf_counter
import polars as pl
for _ in range(2):
    started = perf_counter()
    pl.read_parquet(sys.argv[1:]).sort("ts", "symbol")
    print(perf_counter() - started)
"""


def time_polars(paths: Sequence[Path]) -> tuple[float, float, float]:
    """Seconds polars takes to read and sort the same bars: first, again, and first as a whole command.

    The first time memory is touched it has to be given, which the command pays too.
    """
    command = [sys.executable, "-c", POLARS, *map(str, paths)]
    started = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = perf_counter() - started
    first, again = map(float, done.stdout.split())
    return first, again, seconds - again


def measure(workload: str, rounds: int, folder: Path) -> dict[str, Any]:
    """All figures of one workload."""
    market = build(workload)
    store, raw = make_store(market, folder)
    config = write_project(folder, market.symbols)
    backtest = assemble_backtest(load_config(config), store, market.dates[0], market.dates[-1])
    loops, plain_loops, commands, peaks = [], [], [], []
    reads, reads_again, read_commands = [], [], []
    for _ in range(rounds):
        plain_hits, plain_seconds, _ = plain.run(market)
        seconds, collector = run_engine(backtest)
        command, peak = time_command(config, store, market.dates)
        loops.append(seconds)
        plain_loops.append(plain_seconds)
        commands.append(command)
        peaks.append(peak)
        for times, read in zip((reads, reads_again, read_commands), time_polars(raw), strict=True):
            times.append(read)
    hits = hits_of(market, collector)
    return {
        "benchmark": "session",
        "workload": workload,
        "symbols": len(market.symbols),
        "bars": market.bars,
        "loop_s": round(median(loops), 4),
        "plain_loop_s": round(median(plain_loops), 4),
        "loop_ratio": round(median(a / b for a, b in zip(loops, plain_loops, strict=True)), 2),
        "command_s": round(median(commands), 3),
        "polars_read_s": round(median(reads), 3),
        "polars_again_s": round(median(reads_again), 3),
        "polars_command_s": round(median(read_commands), 3),
        "command_ratio": round(median(a / b for a, b in zip(commands, reads, strict=True)), 2),
        "peak_mb": round(median(peaks)),
        "hits": len(hits),
        "hits_sha": digest(hits),
        "plain_hits_sha": digest(plain_hits),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the engine beside plain NumPy.")
    parser.add_argument("workloads", nargs="*", default=["small", "large"])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("POLARS_VERBOSE", "0")
    for workload in options.workloads:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(workload, options.rounds, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
