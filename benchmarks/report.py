"""The benchmark ``report``: the page of a long run, in seconds and in bytes.

    python benchmarks/report.py [--sessions N] [--rounds N]

The screens of the benchmark ``results`` over a generated market of 284 symbols. One JSON line, medians:
``report_s`` opens the run, makes the page with the candles of its best stays and writes it; ``page_mb`` is
its size.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from results import configuration, make_store, timed, write

from symscan.config import parse_config
from symscan.research.report import ReportOptions, make_report
from symscan.runs.reading import RunFiles
from symscan.runtime.backtest_run import BacktestRun


def measure(folder: Path, store: Path, rounds: int) -> dict[str, float]:
    """Make the report of a run so many times."""
    seconds: list[float] = []
    for _ in range(rounds):
        with timed(seconds):
            report = make_report(RunFiles.open(folder), ReportOptions(store))
            path = report.write()
    figures = report.record["figures"]
    return {
        **{name: figures[name] for name in ("sessions", "scans", "hits", "stays")},
        "report_s": round(median(seconds), 3),
        "page_mb": round(path.stat().st_size / 1e6, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=44)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        store, first, last = make_store(folder, given.sessions)
        config = parse_config(configuration(folder), str(folder / "report.json"))
        run = BacktestRun.of(config, store, first, last)
        write(run, folder / "run", csv=False)
        print(json.dumps(measure(folder / "run", store, given.rounds)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
