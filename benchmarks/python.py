"""The benchmark ``python``: a month's run, opened from Python.

    python benchmarks/python.py [--run DIR] [--rounds N]

Opens a run of 22 sessions and groups its episodes, each round in a process of its own: of a folder, or of one
made of a generated market, whose sessions are stored over and over. One JSON line, medians in seconds:
``import_s`` imports symscan and polars, ``open_s`` is what follows, from the folder to the frame, ``hits_s``
then reads all hits.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from results import configuration, make_store

import symscan

_MONTH = 22

_ROUND = """
import json, sys
from time import perf_counter
began = perf_counter()
import polars as pl
import symscan
symscan.open_run, symscan.run
imported = perf_counter()
run = symscan.open_run(sys.argv[1])
grouped = run.episodes.group_by("scanner", "session").agg(pl.len(), pl.col("highest_pct").mean())
opened = perf_counter()
hits = run.hits.height
print(json.dumps({
    "import_s": imported - began, "open_s": opened - imported, "hits_s": perf_counter() - opened,
    "sessions": len(run.sessions), "episodes": run.episodes.height, "hits": hits,
}))
"""


def make_month(folder: Path) -> Path:
    """A run of a month: the sessions of a generated market, stored under as many dates."""
    store, first, last = make_store(folder)
    configuration(folder)
    symscan.run(
        folder / "results.json", store=store, start=first, end=last, out=folder / "run", progress=False
    )
    path = folder / "run" / "summary.json"
    summary = json.loads(path.read_text())
    played = symscan.open_run(folder / "run").sessions
    days = [played[0] + timedelta(days=number) for number in range(_MONTH)]
    for number, day in enumerate(days):
        for file in (folder / "run").glob(f"**/{played[number % len(played)]}.parquet"):
            if not (copy := file.with_name(f"{day}.parquet")).exists():
                shutil.copy(file, copy)
    path.write_text(json.dumps({**summary, "sessions": list(map(str, days))}))
    return folder / "run"


def measure(run: Path, rounds: int) -> dict[str, float]:
    """Measure in processes of their own, after one that fills the caches of the disk."""
    done = [_round(run) for _ in range(rounds + 1)][1:]
    return {name: round(median(one[name] for one in done), 3) for name in done[0]}


def _round(run: Path) -> dict[str, float]:
    command = [sys.executable, "-c", _ROUND, str(run)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        print(json.dumps(measure(given.run or make_month(folder), given.rounds)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
