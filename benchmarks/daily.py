"""The benchmark ``daily``: screens at the close over a year of daily bars, beside polars alone.

    python benchmarks/daily.py [mean] [ema] [rsi] [--symbols N] [--sessions N] [--rounds N] [--against PYTHON]

One JSON line per screen: seconds, CPU seconds and peak megabytes of ``symscan run`` with all its files over
a generated store of daily bars alone; minima of interleaved rounds. ``mean`` reads a window of twenty days,
and a polars program that finds the same hits over all days at once stands beside it. ``ema`` and ``rsi`` are
recursive: each session plays as much history as it takes until the seed has decayed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from range import Cost, best, cache_of, run
from session import COMMAND, PEAK

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import ONE_DAY
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions
from symscan.sources.store.bar_store import BarStore

SCREENS: Final = {
    "mean": ("close > 1.1 * sma_20_1d AND volume > 1000000", 20),
    "ema": ("close > 1.1 * ema_20_1d AND volume > 1000000", 204),
    "rsi": ("rsi_14_1d < 30 AND close > sma_200_1d", 264),
}
"""The condition, and how many sessions before the first one it reads."""

_LAST: Final = date(2024, 6, 28)
_POLARS: Final = (
    PEAK
    + """
import sys
import polars as pl
bars, sessions, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
number = pl.col("date").rank("dense")
mean = pl.col("close").rolling_mean(20).over("symbol")
reach = (pl.col("number") - pl.col("number").shift(19).over("symbol")) <= 20
(
    pl.scan_parquet(bars)
    .sort("symbol", "date")
    .with_columns(number=number)
    .with_columns(mean=mean, reach=reach)
    .filter("reach", pl.col("close") > 1.1 * pl.col("mean"), pl.col("volume") > 1_000_000)
    .select("date", "symbol", "close", "volume", "mean")
    .sort("date", "symbol")
    .collect()
    .write_parquet(out)
)
"""
)


def make_days(symbols: int, sessions: int, seed: int = 7) -> pl.DataFrame:
    """Random walks in cents; 1.5 percent of the days are missing."""
    rng = np.random.default_rng(seed)
    days = [one.date for one in SessionCalendar().previous(_LAST + timedelta(days=1), sessions)]
    shape = (sessions, symbols)
    walk = np.exp(np.cumsum(rng.normal(0, 0.03, shape), axis=0))
    close = np.round(rng.uniform(2, 300, symbols) * walk, 2).clip(0.05)
    opened = np.round(close * np.exp(rng.normal(0, 0.01, shape)), 2).clip(0.05)
    spread = np.round(close * rng.exponential(0.01, shape), 2)
    volume = np.round(rng.lognormal(13, 1.5, symbols) * np.exp(rng.normal(0, 0.7, shape))) + 1
    present = rng.random(shape) < 0.985
    day, symbol = np.nonzero(present)
    names = pl.Series([f"S{number:04d}" for number in range(symbols)])
    fields = {
        "open": opened,
        "high": np.maximum(opened, close) + spread,
        "low": (np.minimum(opened, close) - spread).clip(0.01),
        "close": close,
        "volume": volume,
    }
    columns = {name: values[present] for name, values in fields.items()}
    return pl.DataFrame({"symbol": names.gather(symbol), "date": pl.Series(days).gather(day), **columns})


def measure(
    screen: str, symbols: int, sessions: int, rounds: int, folder: Path, against: str | None
) -> dict[str, Any]:
    """All figures of one screen."""
    where, before = SCREENS[screen]
    days = make_days(symbols, sessions + before)
    days.write_parquet(folder / "days.parquet")
    store = BarStore.create(folder / "store")
    import_bars(store, [folder / "days.parquet"], ImportOptions(ONE_DAY), SessionCalendar())
    (folder / "all.txt").write_text("\n".join(sorted(days["symbol"].unique())) + "\n")
    scanner = {"name": "daily", "universe": "./all.txt", "where": where, "at_close": True}
    config = folder / "daily.json"
    config.write_text(json.dumps({"session_data_config": {"scanners": [scanner]}}))
    played = sorted(days["date"].unique())[-sessions:]
    asked = ["run", config, "--store", store.root, "--start", played[0], "--end", played[-1], "--force"]
    out, found = folder / "out", folder / "polars.parquet"
    ways = {
        "command": lambda: run(
            [sys.executable, "-c", COMMAND, *asked, "--out", out], cache_of(sys.executable, folder)
        )
    }
    if screen == "mean":
        ways["polars"] = lambda: run(
            [sys.executable, "-c", _POLARS, folder / "days.parquet", sessions, found]
        )
    if against:
        ways["against"] = lambda: run(
            [against, "-c", COMMAND, *asked, "--out", folder / "other"], cache_of(against, folder)
        )
    cost = best(ways, rounds)
    hits = pl.read_parquet(out / "hits" / "*.parquet").select(date="session", symbol="symbol")
    hits = hits.sort("date", "symbol")
    return {
        "benchmark": "daily",
        "screen": screen,
        "symbols": symbols,
        "sessions": sessions,
        "bars": days.height,
        **_figures(cost),
        "hits": hits.height,
        **({"hits_equal": _equal(hits, found, played[0])} if screen == "mean" else {}),
    }


def _figures(cost: dict[str, Cost]) -> dict[str, float]:
    return {
        f"{name}_{unit}": value
        for name, one in cost.items()
        for unit, value in (
            ("s", round(one.seconds, 2)),
            ("cpu_s", round(one.cpu, 2)),
            ("mb", round(one.megabytes)),
        )
    }


def _equal(hits: pl.DataFrame, found: Path, first: date) -> bool:
    expected = pl.read_parquet(found).filter(pl.col("date") >= first).select("date", "symbol")
    return hits.equals(expected)


def main() -> None:
    """Measure the screens that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("screens", nargs="*", choices=[*SCREENS, []], default=[])
    parser.add_argument("--symbols", type=int, default=5_852)
    parser.add_argument("--sessions", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against")
    given = parser.parse_args()
    for screen in given.screens or SCREENS:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(
                screen, given.symbols, given.sessions, given.rounds, Path(folder), given.against
            )
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
