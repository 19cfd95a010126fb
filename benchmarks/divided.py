"""The benchmark ``divided``: what a session costs the process that plays it, and the one that writes it.

    python benchmarks/divided.py [range] [sparse] [wide]

One JSON line per size: CPU seconds of a session in a worker, of its first one, which reads all the history,
and of writing what comes back; bytes of the results and of the session's bars on disk; and what they come to
for ten years on 1, 16 and 200 cores, if the shared disk keeps up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from market import make_market
from range import _BUSY, _STRONG, _write
from session import make_store

from symscan.config import load_config
from symscan.model.interval import Interval
from symscan.observers.results.run_folder import run_folder
from symscan.runtime.backtest_run import BacktestRun
from symscan.runtime.parallel.player import SessionPlayer

SIZES: Final = {"range": (284, 12, False), "sparse": (2_686, 6, True), "wide": (8_000, 4, False)}
"""Symbols, sessions, and whether most minutes are missing."""

SESSIONS: Final = 2_520
CORES: Final = (1, 16, 200)
STRETCHES_PER_WORKER: Final = 4
LONGEST_STRETCH: Final = 16
_IMPORT: Final = "import symscan.runtime.parallel.player, resource; print(resource.getrusage(0).ru_utime)"


def start_seconds() -> float:
    """CPU seconds of a process until it can play."""
    said = (
        subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, check=True) for _ in range(3)
    )
    return min(float(one.stdout) for one in said)


def predicted(cores: int, start: float, first: float, session: float, write: float) -> float:
    """Seconds of a range: whoever plays has the cores, whoever writes has one."""
    length = min(LONGEST_STRETCH, max(1, SESSIONS // (STRETCHES_PER_WORKER * cores)))
    stretches = -(-SESSIONS // length)
    played = SESSIONS * session + stretches * (first - session)
    return 2 * start + max(played / cores, SESSIONS * write)


def measure(name: str, start: float, folder: Path) -> dict[str, Any]:
    """All figures of one size."""
    symbols, sessions, is_sparse = SIZES[name]
    market = make_market(symbols, sessions, seed=7, workload=name, is_sparse=is_sparse)
    store, _ = make_store(market, folder)
    (folder / "market.txt").write_text("\n".join(market.symbols) + "\n")
    config = load_config(_write(folder, "range", [_STRONG, _BUSY]))
    days = [date.fromisoformat(str(day)) for day in (market.dates[0], market.dates[-1])]
    run = BacktestRun.of(config, store, *days)
    (folder / "scratch").mkdir()
    player = SessionPlayer(run.backtest, folder / "scratch", csv=False)
    played: list[float] = []
    written: list[float] = []
    sizes: list[int] = []
    with run_folder(
        folder / "out", force=False, facts=dict, description=run.description, sessions=run.backtest.sessions
    ) as results:
        for session in run.backtest.sessions:
            begun = process_time()
            one = player(session.date, lambda _: None)
            played.append(process_time() - begun)
            begun = process_time()
            results.put_session(session.date, one.files, one.part, is_whole=True)
            written.append(process_time() - begun)
            sizes.append(sum(map(len, (*one.files.values(), *one.part.values()))))
    minutes = Interval.parse("1m")
    stored = [run.backtest.store.path(minutes, one.date) for one in run.backtest.sessions]
    stored_kb = sum(path.stat().st_size for path in stored if path) / len(stored) / 1e3
    result_kb = sum(sizes) / len(sizes) / 1e3
    session_s, first_s, write_s = min(played[1:]), played[0], min(written)
    return {
        "benchmark": "divided",
        "workload": name,
        "symbols": symbols,
        "bars_a_session": market.bars // sessions,
        "start_cpu_s": round(start, 2),
        "first_cpu_s": round(first_s, 3),
        "session_cpu_s": round(session_s, 3),
        "write_cpu_s": round(write_s, 4),
        "result_kb": round(result_kb),
        "stored_kb": round(stored_kb),
        "years_10_read_gb": round(SESSIONS * stored_kb / 1e6),
        "years_10_moved_gb": round(SESSIONS * result_kb / 1e6),
        **{f"years_10_on_{n}_s": round(predicted(n, start, first_s, session_s, write_s)) for n in CORES},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a session costs where a range is divided.")
    parser.add_argument("workloads", nargs="*", default=[*SIZES])
    start = start_seconds()
    for name in parser.parse_args().workloads:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(name, start, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
