"""The benchmark ``range``: the command over many days beside polars alone, and what one more of each costs.

    python benchmarks/range.py [range] [sparse] [wide] [one] [least] [costs] [--rounds N] [--against PYTHON]

One JSON line per workload: seconds, CPU seconds and peak megabytes of ``symscan run`` with all its files,
and of a polars program that finds the same hits over all days at once; minima of interleaved rounds.
``--against`` is the Python of another installation of symscan, to be shown beside this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from market import Market, make_market
from session import COMMAND, PEAK, make_store

SIZES: Final = {
    "range": (284, 44, False),
    "sparse": (2_686, 41, True),
    "wide": (8_000, 5, False),
    "one": (8_000, 1, False),
    "least": (30, 1, False),
}
"""Symbols, sessions, and whether most minutes are missing."""

_FIVES: Final = [{"start": "09:35", "end": "15:55", "interval": "5m"}]
_HOURS: Final = [{"start": "10:00", "end": "15:00", "interval": "1h"}]
_STRONG: Final = {
    "name": "strong",
    "where": "close > vwap + 1e-9 AND change_pct > 0.2 + 1e-9 AND rsi_14_5m > 55 + 1e-9",
    "rank": "change_pct",
    "take": 50,
}
_BUSY: Final = {
    "name": "busy",
    "where": "volume > 0.3 * volume_sma_20_1d AND rsi_14_5m > 60 + 1e-9 AND close > sma_20_1d + 1e-9",
    "rank": "volume",
}
_ALL: Final = {"name": "all", "where": "close > 0"}
_SCRIPT: Final = f"{PEAK}import runpy; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
_POLARS: Final = Path(__file__).with_name("screens_in_polars.py")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    seconds: float
    cpu: float
    megabytes: float


def _scanner(more: dict[str, Any]) -> dict[str, Any]:
    common = {"universe": "./market.txt", "max_age_minutes": 5, "add_symbols": False}
    return {**common, "regular_session": _FIVES, **more}


def _write(folder: Path, name: str, scanners: Sequence[dict[str, Any]]) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"session_data_config": {"scanners": [_scanner(one) for one in scanners]}}))
    return path


def run(command: Sequence[object], cache: Path | None = None) -> Cost:
    """Run a process to its end, and what it took; it says its own peak, the system adds its parent's.

    Two installations need a ``cache`` each: one that finds the other's calendars makes them anew, which
    takes as long as all else of a short run. The first round makes them in any case.
    """
    env = os.environ | ({} if cache is None else {"SYMSCAN_CACHE_DIR": str(cache)})
    started = perf_counter()
    process = subprocess.Popen(
        [str(one) for one in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    kilobytes = said.split()[-1:]
    megabytes = int(kilobytes[0]) / 1024 if kilobytes else float("nan")
    return Cost(perf_counter() - started, used.ru_utime + used.ru_stime, megabytes)


def _command(
    python: str, config: Path, store: Path, market: Market, out: Path, *more: str
) -> Callable[[], Cost]:
    days = ("--start", market.dates[0], "--end", market.dates[-1])
    command = [python, "-c", COMMAND, "run", config, "--store", store, *days, "--out", out, "--force", *more]
    return lambda: run(command, cache_of(python, out.parent))


def cache_of(python: str, folder: Path) -> Path:
    """Return where an installation caches what it makes."""
    return folder / ("cache" if python == sys.executable else "cache_against")


def best(ways: dict[str, Callable[[], Cost]], rounds: int) -> dict[str, Cost]:
    """The minima of interleaved rounds."""
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return {
        name: Cost(min(c.seconds for c in all_), min(c.cpu for c in all_), max(c.megabytes for c in all_))
        for name, all_ in found.items()
    }


def _hits_of(out: Path, market: Market) -> pl.DataFrame:
    """The hits of a run, as the polars program gives them."""
    number = {day: place for place, day in enumerate(market.dates)}
    hits = pl.read_parquet(out / "hits" / "*.parquet").select(
        "scanner",
        day=pl.col("session").replace_strict(number, return_dtype=pl.Int32),
        mark=((pl.col("scan_at") - pl.col("scan_at").dt.truncate("1d")).dt.total_minutes() - 870).cast(
            pl.Int32
        ),
        symbol="symbol",
    )
    return hits.sort("scanner", "day", "mark", "symbol")


def measure(workload: str, rounds: int, folder: Path, against: str | None) -> dict[str, Any]:
    """All figures of one workload."""
    symbols, sessions, is_sparse = SIZES[workload]
    market = make_market(symbols, sessions, seed=7, workload=workload, is_sparse=is_sparse)
    store, _ = make_store(market, folder)
    (folder / "market.txt").write_text("\n".join(market.symbols) + "\n")
    config = _write(folder, "range", [_STRONG, _BUSY])
    found, minutes = folder / "polars.parquet", sorted((store / "1m").glob("*.parquet"))
    polars = [sys.executable, "-c", _SCRIPT, _POLARS, found, folder / "raw" / "1d.parquet", *minutes]
    ways = {
        "command": _command(sys.executable, config, store, market, folder / "out"),
        "polars": lambda: run(polars),
    }
    if sessions > 1:
        ways["jobs_2"] = _command(
            sys.executable, config, store, market, folder / "out_jobs", "--jobs", "2"
        )  # its megabytes are those of the process that writes
    if against:
        ways["against"] = _command(against, config, store, market, folder / "out_against")
    cost = best(ways, rounds)
    hits, expected = _hits_of(folder / "out", market), pl.read_parquet(found)
    ratios = {f"ratio_to_{name}": _ratio(cost, name) for name in cost if name != "command"}
    return {
        "benchmark": "range",
        "workload": workload,
        "symbols": symbols,
        "sessions": sessions,
        "bars": market.bars,
        **{f"{name}_s": round(one.seconds, 2) for name, one in cost.items()},
        **{f"{name}_cpu_s": round(one.cpu, 2) for name, one in cost.items()},
        **{f"{name}_mb": round(one.megabytes) for name, one in cost.items()},
        **ratios,
        "hits": hits.height,
        "hits_equal": hits.equals(expected.cast(dict(hits.schema))),
    }


def _ratio(cost: dict[str, Cost], name: str) -> float:
    return round(cost["command"].seconds / cost[name].seconds, 2)


def _none(number: int) -> dict[str, Any]:
    """A screen that finds nothing: it shares its indicator with the others, not its conditions."""
    return {"name": f"none_{number}", "where": f"close < {-number} AND rsi_14_5m > {55 + number}"}


def costs(rounds: int, folder: Path) -> dict[str, Any]:
    """What one more scanner, scan, hit and indicator costs: 284 symbols, ten sessions, CPU."""
    market = make_market(284, 10, seed=7)
    store, _ = make_store(market, folder)
    (folder / "market.txt").write_text("\n".join(market.symbols) + "\n")
    many = [_none(number) for number in range(20)]
    rare = [{**one, "regular_session": _HOURS} for one in many]
    shown = {"show": [f"ema_{length}_5m" for length in range(10, 30)]}
    scanners = {
        "one": many[:1],
        "twenty": many,
        "rare": rare,
        "all": [many[0], _ALL],
        "nobody": [many[0], {**_ALL, "where": "close < 0"}],
        "indicators": [{**many[0], **shown}],
    }
    ways = {
        name: _command(sys.executable, _write(folder, name, some), store, market, folder / f"out_{name}")
        for name, some in scanners.items()
    }
    cpu = {name: one.cpu for name, one in best(ways, rounds).items()}
    hits = pl.read_parquet(folder / "out_all" / "hits" / "*.parquet").height
    scans = 10 * 20 * (77 - 6)
    return {
        "benchmark": "range",
        "workload": "costs",
        "one_cpu_s": round(cpu["one"], 2),
        "twenty_cpu_s": round(cpu["twenty"], 2),
        "twenty_to_one": round(cpu["twenty"] / cpu["one"], 2),
        "scanner_ms_a_session": round(1e3 * (cpu["rare"] - cpu["one"]) / (10 * 20), 2),
        "scan_us": round(1e6 * (cpu["twenty"] - cpu["rare"]) / scans, 1),
        "hit_us": round(1e6 * (cpu["all"] - cpu["nobody"]) / hits, 2),
        "indicator_ms_a_session": round(1e3 * (cpu["indicators"] - cpu["one"]) / (10 * 20), 2),
    }


def _results(workloads: Sequence[str], rounds: int, against: str | None) -> Iterator[dict[str, Any]]:
    for workload in workloads:
        with tempfile.TemporaryDirectory() as folder:
            if workload == "costs":
                yield costs(rounds, Path(folder))
            else:
                yield measure(workload, rounds, Path(folder), against)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure ranges of sessions beside polars.")
    parser.add_argument("workloads", nargs="*", default=[*SIZES, "costs"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", help="the Python of another installation of symscan")
    options = parser.parse_args()
    for result in _results(options.workloads, options.rounds, options.against):
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
