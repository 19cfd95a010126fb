"""A replay without faults is the backtest, whatever takes part and however the store is made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from support.generated_market import make_market
from support.live_replay import converged, parity_of, play_backtest, play_live, same
from support.projects import DATES, DAY, HALF_DAY, ISOLATED, PROJECTS, UNIVERSE, Project, screen
from support.runs import make_store


def _is_the_backtest(project: Project, folder: Path, store: Path, day: date) -> None:
    config = project.at(folder)
    backtest = play_backtest(folder, config, store, day)
    live = play_live(folder, config, store, day)
    assert backtest.run.hits.height > 50
    same(live, backtest)
    converged(live.coordinator, backtest.coordinator)
    assert parity_of(folder).differences == ()


QUICK = ("own", "trading")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROJECTS]
)
@pytest.mark.slow
def test_a_half_day(name: str, tmp_path: Path, store: Path) -> None:
    _is_the_backtest(PROJECTS[name], tmp_path, store, HALF_DAY)


@pytest.mark.slow
def test_a_half_day_with_a_pre_market(tmp_path: Path, early_store: Path) -> None:
    _is_the_backtest(PROJECTS["built-in"], tmp_path, early_store, HALF_DAY)


@pytest.mark.slow
def test_a_whole_day(tmp_path: Path, store: Path) -> None:
    _is_the_backtest(PROJECTS["own"], tmp_path, store, DAY)


@pytest.mark.slow
def test_scanners_in_processes_of_their_own(tmp_path: Path, store: Path) -> None:
    _is_the_backtest(ISOLATED, tmp_path, store, HALF_DAY)


@pytest.mark.slow
def test_a_store_of_coarser_bars(tmp_path: Path) -> None:
    interval = "5m"
    market = make_market(DATES, UNIVERSE)
    start = pl.col("ts").dt.truncate(interval)
    fields = (pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
    bars = market.minutes.sort("symbol", "ts").group_by("symbol", start, maintain_order=True).agg(*fields)
    store = make_store(tmp_path, {interval: bars, "1d": market.days})
    project = Project(
        [
            screen("up", "close > open", interval),
            screen("best", "volume > 0", interval, rank="volume", take=3),
        ],
        {"streams": [interval], "indicators": [f"sma_3_{interval}"]},
    )
    _is_the_backtest(project, tmp_path, store, DAY)
