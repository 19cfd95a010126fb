"""Indicators that several plug-ins ask for: the same live, resumed and in a backtest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.generated_market import Market, make_market
from support.live_replay import parity_of, play_backtest, play_live, same
from support.projects import DATES, HALF_DAY, SPLITS, UNIVERSE, Project, of_regular_hours, screen
from support.runs import make_store


def _with_many_more(market: Market) -> pl.DataFrame:
    """Daily bars of all but two, and of so many other symbols that nobody reads the whole store."""
    names = pl.DataFrame({"symbol": [f"OTHER{number:04d}" for number in range(1000)]})
    days = market.days.filter(symbol="LIQ00").drop("symbol")
    some = market.days.filter(~pl.col("symbol").is_in(["LIQ01", "THN01"]))
    return pl.concat([some, names.join(days, how="cross").select(market.days.columns)])


@pytest.fixture(scope="module")
def large_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, UNIVERSE)
    bars = {"1m": of_regular_hours(market.minutes), "1d": _with_many_more(market)}
    return make_store(tmp_path_factory.mktemp("large"), bars, SPLITS)


def _trader(name: str, scanner: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "module": "paper_trader", "config": {"scanner": scanner, **config}}


def _positive(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    where = " AND ".join(["close > 0", *(f"{key} > 0" for key in keys)])
    return screen(name, where, "30m", **more)


SHARED = {
    "a scanner and a strategy": Project(
        [_positive("ranges", "atr_2_1d")], {"strategies": [_trader("one", "ranges", atr="atr_2_1d")]}
    ),
    "everybody": Project(
        [
            _positive("ranges", "atr_2_1d", "sma_2_1d", "sma_3_5m", "sma_1_1w"),
            _positive("again", "atr_2_1d", "sma_1_1w"),
            _positive("average", "sma_2_1d", "sma_3_5m", symbol_requirements={"streams": ["5m"]}),
        ],
        {
            "symbols": ["LIQ03", "THN01"],
            "indicators": ["atr_2_1d", "sma_3_5m", "sma_1_1w"],
            "strategies": [
                _trader("one", "ranges", atr="atr_2_1d"),
                _trader("two", "again", atr="atr_2_1d"),
                _trader("three", "average", atr="sma_3_5m"),
            ],
        },
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_a_replay_and_its_resumption_are_the_backtest(name: str, tmp_path: Path, large_store: Path) -> None:
    config = SHARED[name].at(tmp_path)
    backtest = play_backtest(tmp_path, config, large_store, HALF_DAY)
    assert backtest.run.hits.height > 20
    assert backtest.run.table("trades").height > 0
    derived = [one["symbols"] for one in backtest.events() if one["event"] == "daily_bars_derived"]
    assert sum(derived) == 2  # whose daily bars are made of their minutes
    assert {"LIQ01", "THN01"} <= set(backtest.run.hits["symbol"])
    live = play_live(tmp_path, config, large_store, HALF_DAY)
    same(live, backtest)
    assert parity_of(tmp_path).differences == ()
    play_live(tmp_path, config, large_store, HALF_DAY, out="broken", until=120)
    resumed = play_live(tmp_path, config, large_store, HALF_DAY, out="broken", resume=True)
    same(resumed, backtest)
