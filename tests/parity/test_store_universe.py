"""All symbols that the store knows: the same in a backtest, live, resumed and held against each other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from support.generated_market import make_market
from support.live_replay import parity_of, play_backtest, play_live, same
from support.projects import DATES, DAY, HALF_DAY, Project, every, of_regular_hours
from support.runs import make_store, play
from symscan.model.interval import ONE_MINUTE
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.universe import symbols_before

DYNAMIC = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        return ScanResult([one for one in self._universe if one > "LIQ00"])
"""


def test_nobody_who_is_listed_later_is_known(tmp_path: Path) -> None:
    market = make_market(DATES, ("LIQ00", "LIQ01", "NEWC"))  # which is listed on the day before the last
    store = make_store(tmp_path, {"1m": of_regular_hours(market.minutes)})
    listed = market.minutes.filter(symbol="NEWC")["ts"].min()
    assert listed is not None and listed.date() == DAY  # type: ignore[union-attr]
    (tmp_path / "dynamic.py").write_text(DYNAMIC)
    schedule = {"regular_session": every("60m")}
    scanners = [
        {"name": "screen", "universe": "store", "where": "close > 0", **schedule},
        {"module": "dynamic", "config": {"universe": "store"}, **schedule},
    ]
    run = play(tmp_path, scanners, store, DATES[0], DATES[-1])
    sizes = run.table("scans").group_by("session", "scanner").agg(pl.col("universe").unique().implode())
    seen = {(day, name): size for day, name, (size,) in sizes.iter_rows()}
    expected = {str(day): 2 if day <= DAY else 3 for day in DATES}
    assert seen == {(day, name): size for day, size in expected.items() for name in ("screen", "dynamic")}


@pytest.mark.slow
def test_what_the_store_learns_meanwhile_changes_no_session(tmp_path: Path) -> None:
    market = make_market(DATES[-4:], ("LIQ00", "LIQ01", "LIQ02"))
    store = make_store(tmp_path, {"1m": of_regular_hours(market.minutes)})
    project = Project(
        [{"name": "all", "universe": "store", "where": "close > vwap", "regular_session": every("30m")}]
    )
    config = project.at(tmp_path)
    backtest = play_backtest(tmp_path, config, store, HALF_DAY)
    play_live(tmp_path, config, store, HALF_DAY, until=60)
    before = HALF_DAY - timedelta(days=2)
    opened = BarStore(store)
    bars = opened.load(ONE_MINUTE, [before])
    more = bars.filter(symbol="LIQ00").with_columns(symbol=pl.lit("OTHER"))
    with opened.updating() as update:
        update.put(ONE_MINUTE, before, pl.concat([bars, more]).sort("symbol", "start"))
    same(play_live(tmp_path, config, store, HALF_DAY, resume=True), backtest)
    assert parity_of(tmp_path).differences == ()
    assert symbols_before(store, HALF_DAY) == ("LIQ00", "LIQ01", "LIQ02", "OTHER")
