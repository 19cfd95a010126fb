"""The benchmark ``study``: what a study adds to the replay of a session, and the same study in plain polars.

    python benchmarks/study.py [small] [large] [--rounds N]

One JSON line per workload: CPU seconds a session of the replay alone, of the replay with its study over ten
horizons, and of a polars program that measures the same hits against the same controls, once; minima of
interleaved rounds. ``excess_equal`` says whether the polars program comes to the same mean excess.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from market import make_market
from session import make_store

from symscan.config import parse_config
from symscan.model.session import Session
from symscan.research.study.plan import make_plan
from symscan.research.study.session.outcomes import SessionOutcomes
from symscan.research.study.session.player import StudyPlayer
from symscan.runtime.assembly import Backtest, assemble_backtest

SIZES = {"small": (500, 3), "large": (8_000, 1)}
HORIZONS = ["2m", "5m", "10m", "15m", "20m", "30m", "60m", "90m", "120m", "close"]
CONFIG = {
    "name": "bench",
    "study_config": {"horizons": HORIZONS, "headline": "30m", "match": [], "spread": 5},
    "session_data_config": {
        "scanners": [
            {
                "name": "strong",
                "universe": "store",
                "where": "close > vwap + 1e-9 AND change_pct > 0.2 + 1e-9 AND rsi_14_5m > 55 + 1e-9",
                "rank": "change_pct",
                "take": 50,
                "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
            }
        ]
    },
}


def seconds(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    begun = process_time()
    call()
    return process_time() - begun


def polars_excess(backtest: Backtest, session: Session, outcomes: SessionOutcomes) -> dict[str, float]:
    """Return the mean excess of hits over all judged symbols not hit, by horizon, with joins alone."""
    one = outcomes.scanners["strong"]
    at = pl.Series("at", [scan.decided_at for scan in one.scans], pl.Int64)
    shape = one.verdict.shape
    cells = pl.DataFrame(
        {
            "scan": np.repeat(np.arange(shape[0]), shape[1]),
            "symbol": pl.Series(outcomes.symbols).gather(np.tile(np.arange(shape[1]), shape[0])),
            "verdict": one.verdict.ravel(),
        }
    )
    hits = pl.DataFrame(
        {"scan": one.hits.scan, "symbol": pl.Series(outcomes.symbols).gather(one.hits.column)}
    )
    interval = backtest.store.finest(session.date)
    assert interval is not None
    bars = backtest.store.load(interval, [session.date]).select(
        "symbol", "open", "close", start=pl.col("start").to_physical()
    )
    bars = bars.filter(pl.col("start") >= session.open, pl.col("start") < session.close).sort(
        "symbol", "start"
    )
    minute = 60_000_000
    last = session.close - minute
    cells = cells.with_columns(at=at.gather(cells["scan"])).sort("symbol", "at")
    opens = bars.select("symbol", entry="start", p0="open")
    entered = _next(cells, opens, "at", "entry", 2 * minute).filter(pl.col("entry") < last)
    found = {}
    for name in HORIZONS:
        within = 0 if name == "close" else 2 * minute
        end = pl.lit(last) if name == "close" else pl.col("entry") + int(name[:-1]) * minute
        due = entered.with_columns(end=end).filter(pl.col("end") <= session.close)
        due = due.with_columns(end=pl.min_horizontal("end", pl.lit(last))).sort("symbol", "end")
        out = _next(due, bars.select("symbol", exit="start", p1="open"), "end", "exit", within).join_asof(
            bars.select("symbol", ended=pl.col("start") + minute, last="close"),
            left_on="end",
            right_on="ended",
            by="symbol",
            check_sortedness=False,
        )
        ret = out.with_columns(ret=1e4 * (pl.coalesce("p1", "last") / pl.col("p0") - 1.0))
        pool = ret.filter(pl.col("verdict") == 0).group_by("scan").agg(control=pl.col("ret").mean())
        mine = hits.join(ret, on=["scan", "symbol"]).join(pool, on="scan")
        found[name] = float(mine.select((pl.col("ret") - pl.col("control")).mean()).item())
    return found


def _next(cells: pl.DataFrame, bars: pl.DataFrame, at: str, start: str, within: int) -> pl.DataFrame:
    """Return each cell with the first bar that starts from an instant on, within some time."""
    return cells.join_asof(
        bars,
        left_on=at,
        right_on=start,
        by="symbol",
        strategy="forward",
        tolerance=within,
        check_sortedness=False,
    )


def measure(workload: str, rounds: int) -> dict[str, object]:
    """Return the figures of one workload."""
    symbols, days = SIZES[workload]
    with tempfile.TemporaryDirectory() as folder:
        market = make_market(symbols, days, seed=1, workload=workload)
        store, _ = make_store(market, Path(folder))
        config = parse_config(json.dumps(CONFIG), str(Path(folder) / "bench.json"))
        backtest = assemble_backtest(config, store, market.dates[0], market.dates[-1])
        player = StudyPlayer(backtest, make_plan(config.study, ["strong"]))
        sessions = backtest.sessions
        outcomes = [player.play(session) for session in sessions]  # caches are warm from here on
        alone, studied, plain = [], [], []
        equal = True
        for _ in range(rounds):
            alone.append(seconds(lambda: [backtest.coordinator(one).run() for one in sessions]))
            studied.append(seconds(lambda: [player.play(one) for one in sessions]))
            begun = process_time()
            theirs = [polars_excess(backtest, *pair) for pair in zip(sessions, outcomes, strict=True)]
            plain.append(process_time() - begun)
            equal = all(_equal(*pair) for pair in zip(theirs, outcomes, strict=True))
        return {
            "workload": workload,
            "symbols": symbols,
            "sessions": len(sessions),
            "hits": sum(len(one.scanners["strong"].hits) for one in outcomes),
            "replay_seconds": round(min(alone) / len(sessions), 3),
            "with_study_seconds": round(min(studied) / len(sessions), 3),
            "polars_seconds": round(min(plain) / len(sessions), 3),
            "excess_equal": equal,
        }


def _equal(theirs: dict[str, float], outcomes: SessionOutcomes) -> bool:
    ours = {
        one.name: float(np.nanmean(found.excess)) for one, found in outcomes.scanners["strong"].within.items()
    }
    return all(abs(ours[name] - theirs[name]) < 1e-6 for name in HORIZONS)


def main() -> None:
    """Measure the workloads that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for workload in given.workloads:
        print(json.dumps(measure(workload, given.rounds)), flush=True)


if __name__ == "__main__":
    main()
