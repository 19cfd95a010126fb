"""Replays of real bars are their backtests, and with faults every difference has a cause."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from support.live_replay import (
    configuration,
    converged,
    parity_of,
    play_backtest,
    play_live,
    recorded_backtest,
    same,
)
from support.projects import module, screen
from support.runs import make_store

DATA = Path(os.environ.get("SYMSCAN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real bars in {DATA}"),
]

VALUES = ("open", "high", "low", "close", "volume")
GAPS = module("gap_scanner", "5m", pre_session=True, config={"min_gap_percent": 1.0, "min_volume": 100_000})
SCANNERS = [
    GAPS,
    module("momentum", "15m", config={"min_rsi": 60, "min_volume_ratio": 1.0}),
    screen("best", "close > vwap AND rsi_14_5m > 55", "15m", rank="change_pct", take=5),
]
FAULTS = "late=0.01:5s,correct=0.01:30s,drop=0.005,disconnect=11:02-11:04,silence=10:31-10:35,seed=3"


def _store(folder: Path, name: str, every: int, days: bool, last: date) -> tuple[Path, list[str]]:
    """Every so many symbols of a file, and their daily bars if there are any."""
    minutes = pl.read_parquet(DATA / name).filter(pl.col("ts").dt.date() <= last)
    symbols = sorted(set(minutes["symbol"]))[::every]
    kept = pl.col("symbol").is_in(symbols)
    bars = {"1m": minutes.filter(kept).with_columns(pl.col(*VALUES).cast(float))}
    if days:
        daily = pl.read_parquet(DATA / "us284_1d_2017-01-03_2018-03-02.parquet").filter(kept)
        bars["1d"] = daily.with_columns(pl.col("ts").dt.date().alias("date")).drop("ts", "adj_close")
    return make_store(folder, bars), symbols


@pytest.mark.parametrize(
    ("name", "every", "days", "day"),
    [
        ("us284_1m_2018-02-20_2018-03-02.parquet", 14, True, date(2018, 2, 22)),
        ("us30_extended_1m_2025-01-23_2025-01-27.parquet", 5, False, date(2025, 1, 27)),
    ],
)
def test_a_real_day(name: str, every: int, days: bool, day: date, tmp_path: Path) -> None:
    store, symbols = _store(tmp_path, name, every, days, day)
    (tmp_path / "u.txt").write_text("\n".join(symbols) + "\n")
    config = configuration(tmp_path, SCANNERS, symbols=symbols[:2], indicators=["sma_20_5m"])
    backtest = play_backtest(tmp_path, config, store, day)
    live = play_live(tmp_path, config, store, day)
    assert backtest.run.hits.height > 50
    same(live, backtest)
    assert parity_of(tmp_path).differences == ()
    faulty = play_live(tmp_path, config, store, day, FAULTS, out="faulty")
    parity = parity_of(tmp_path, "faulty")
    assert parity.late > 30 and parity.differences
    assert [one for one in parity.differences if one.cause is None] == []
    converged(faulty.coordinator, recorded_backtest(tmp_path, "faulty"))
