"""The benchmark ``audit``: how long an audit of a built-in scanner takes, on the demo's generated market.

    python benchmarks/audit.py [--symbols N] [--sessions N] [--scans N] [--jobs N] [--scanner NAME]

One JSON line: seconds of wall and of CPU, with all processes of the audit, and its exit code. 500 symbols
with the defaults, three sessions of twenty scans, are to take at most 90 seconds on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

from symscan import audit
from symscan.clock.session_calendar import SessionCalendar
from symscan.demo.market import generate_market
from symscan.model.interval import Interval
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

FIRST, LAST = date(2025, 11, 3), date(2026, 1, 15)
MINUTE_SESSIONS = 10


def make_project(folder: Path, symbols: int) -> Path:
    """Generate a market, import it, and return the folder of its universe; the store is beside it."""
    calendar = SessionCalendar()
    sessions = calendar.sessions(FIRST, LAST)
    market = generate_market(folder, sessions=sessions, symbols=symbols, minute_sessions=MINUTE_SESSIONS)
    store = BarStore.create(folder / "store")
    for interval, files in market.files.items():
        label = Label.START if interval == "1m" else None
        import_bars(store, list(files), ImportOptions(Interval.parse(interval), label=label), calendar)
    return market.universe_folder


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--scans", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scanner", default="momentum")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(make_project(folder, options.symbols))
        scanner = {
            "module": f"scanners.{options.scanner}",
            "config": {"universe": "demo_market"},
            "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
        }
        given = {"name": "bench", "session_data_config": {"scanners": [scanner]}}
        begun, before = perf_counter(), os.times()
        found = audit(
            given,
            store=folder / "store",
            start=SessionCalendar().previous(LAST, MINUTE_SESSIONS - 3)[0].date,
            end=LAST,
            sessions=options.sessions,
            scans=options.scans,
            jobs=options.jobs,
        )
        wall, after = perf_counter() - begun, os.times()
        os.chdir("/")
    cpu = sum(after[:4]) - sum(before[:4])
    print(found, file=sys.stderr)
    print(json.dumps({"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "exit_code": found.exit_code}))


if __name__ == "__main__":
    main()
