"""Daily bars made of minutes against stored ones: the ratios are those of polars over the raw bars."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from support.generated_market import DATES, Day, Market, make_market
from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.runtime.assembly import assemble_backtest
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_mix import measure_day_mix


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(DATES[-3:])


def test_the_ratios_are_medians_over_the_last_session_with_both(tmp_path: Path, market: Market) -> None:
    store = make_store(tmp_path, {"1m": market.minutes, "1d": market.days.filter(pl.col("date") < DATES[-1])})
    mix = measure_day_mix(BarStore(store), SessionCalendar(), DATES[-1])
    day = Day.of(DATES[-2])
    start = pl.col("ts").dt.epoch("us")
    made = (
        market.minutes.filter((start >= day.open) & (start < day.close))
        .sort("ts")
        .group_by("symbol")
        .agg(pl.last("close"), pl.sum("volume"))
    )
    pairs = made.join(market.days.filter(date=day.date), on="symbol").filter(pl.col("symbol") != "BASIS")
    assert mix is not None
    assert (mix.session, mix.symbols) == (day.date, pairs.height)
    assert mix.volume == pytest.approx((pairs["volume"] / pairs["volume_right"]).median())
    assert mix.close == pytest.approx((pairs["close"] / pairs["close_right"]).median())
    assert "minutes lack auctions" in str(mix)


def test_where_there_is_one_kind_there_is_no_mix(tmp_path: Path, market: Market) -> None:
    store = BarStore(make_store(tmp_path, {"1d": market.days}))
    assert measure_day_mix(store, SessionCalendar(), DATES[-1]) is None


@pytest.mark.parametrize(
    ("stored", "where", "warned"),
    [
        (DATES[-3:-2], "sma_2_1d > 0", "read bars made of minutes among stored ones"),
        (DATES[-3:-1], "sma_2_1d > 0", None),
        (DATES[-3:-2], "close > 0", None),
        (DATES[-3:-2], "sma_1_1d > 0", None),
    ],
)
def test_a_run_warns_where_the_sessions_read_before_the_open_are_of_both_kinds(
    tmp_path: Path, market: Market, stored: list[date], where: str, warned: str | None
) -> None:
    days = market.days.filter(pl.col("date").is_in(stored))
    store = make_store(tmp_path, {"1m": market.minutes, "1d": days})
    screen = {"name": "x", "universe": "store", "where": where, "pre_session": True}
    text = json.dumps({"session_data_config": {"scanners": [screen]}})
    config = parse_config(text, str(tmp_path / "session.json"))
    warnings = assemble_backtest(config, store, DATES[-1], DATES[-1]).warnings
    assert [one for one in warnings if "made of minutes" in one and (warned is None or warned in one)] == (
        [] if warned is None else [warnings[-1]]
    )


@pytest.mark.parametrize(
    ("reads", "at_close", "warned"),
    [
        ('("sma_2_1d",)', False, "read bars made of minutes among stored ones"),
        ('("close", "rsi_3_1d")', True, "have at the close a bar made of minutes"),
        ('("sma_2_5m", "no such")', True, None),
        ("None", True, None),
    ],
)
def test_of_a_scanner_in_code_what_it_says_it_reads_is_warned_of(
    tmp_path: Path, market: Market, reads: str, at_close: bool, warned: str | None
) -> None:
    (tmp_path / "own.py").write_text(
        "from symscan import BaseScanner, ScanResult\n"
        f"class Scanner(BaseScanner):\n    reads = {reads}\n"
        "    def scan(self, context):\n        return ScanResult([])\n"
    )
    days = market.days.filter(pl.col("date").is_in(DATES[-3:-2]))
    store = make_store(tmp_path, {"1m": market.minutes, "1d": days})
    own = {"module": "own", "config": {"universe": "store"}, "pre_session": True, "at_close": at_close}
    text = json.dumps({"session_data_config": {"scanners": [own]}})
    config = parse_config(text, str(tmp_path / "session.json"))
    warnings = assemble_backtest(config, store, DATES[-1], DATES[-1]).warnings
    found = [one for one in warnings if "made of minutes" in one]
    assert len(found) == (warned is not None)
    assert warned is None or warned in found[0]
