"""A symbol that joins at any minute equals, from then on, one that was there from the start."""

from __future__ import annotations

import json
import math
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from support.generated_market import SPLITS, Day, make_market
from support.runs import make_store, play

DAY = date(2018, 11, 23)
SYMBOLS = (
    "SPLT",
    "HALT",
    "STOP",
    "NEWC",
    "NODAY",
    "BASIS",
    "RARE",
    "LIQ00",
    "LIQ01",
    "THN00",
    "THN01",
    "THN02",
)
FIRST = "LIQ02"
"""The only symbol of the scanners' universe."""

READINGS = (
    *(
        "open",
        "high",
        "low",
        "close",
        "volume",
        "vwap",
        "last_bar_end",
        "minutes_since_bar",
        "previous_close",
    ),
    *("change_pct", "gap_pct", "premarket_volume", "premarket_high", "premarket_low"),
)
INDICATORS = (
    *("rsi_14_5m", "volume_ratio_20_5m", "sma_7_15m", "ema_5_5m", "vwap_5m", "highest_3_1h", "atr_3_15m"),
    *("bbands_5_2_5m.lower", "macd_2_3_2_5m.hist", "sma_1_1d", "roc_2_1d"),
    *("relative_volume_5_1m", "same_bar_volume_5_5m", "vwap_cross_5_1m"),
    *("opening_range_15_1m.high", "opening_range_15_1m.minutes_since_up"),
)

ENTER = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._load_universe()
        return True

    def scan(self, context):
        minute = (context.time_manager.now - context.time_manager.session.open) // 60_000_000
        return ScanResult([symbol for symbol, at in self.config["entries"].items() if at == minute])
"""

WATCH = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._load_universe()
        return True

    def scan(self, context):
        view = context.session_data
        symbols = dict.fromkeys([*view.symbols, *view.get_active_symbols()])
        keys = [key.partition(".")[0] for key in self.config["indicators"]]
        asked_now = {symbol for key in keys for symbol in symbols if view.add_indicator(symbol, key)}
        found = {}
        names = [*self.config["readings"], *self.config["indicators"]]
        for row in view.frame(names).iter_rows(named=True):
            symbol = row.pop("symbol")
            if symbol in asked_now:
                continue
            row["last_bar_end"] = str(row["last_bar_end"])
            bars = [bar for length in ("1m", "5m", "15m") for bar in view.get_bars(symbol, length, 12)]
            row["bars"] = [(bar.end, bar.open, bar.volume) for bar in bars]
            row["latest"] = [str(view.get_latest_bar(symbol, n)) for n in ("1m", "5m", "15m", "1h")]
            row["price"] = view.get_latest_price(symbol)
            for key in self.config["indicators"]:
                reading, place = view.get_indicator(symbol, key), view.symbols.index(symbol)
                if reading is None or str(reading.current_value) != str(view.column(key)[place]):
                    raise AssertionError(f"{symbol} {key}: {reading}")
            found[symbol] = row
        return ScanResult(list(found), metadata=found)
"""


@cache
def store_of(interval: str) -> Path:
    market = make_market(symbols=(*SYMBOLS, FIRST))
    bars = {"1m": market.minutes, "1d": market.days}
    if interval == "5m":
        bars = {"5m": fives(market.minutes), "1d": market.days}
    return make_store(Path(mkdtemp()), bars, SPLITS)


def fives(minutes: pl.DataFrame) -> pl.DataFrame:
    window = pl.col("ts").dt.truncate("5m")
    kept = (
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    return minutes.sort("symbol", "ts").group_by("symbol", window, maintain_order=True).agg(*kept)


def watched(
    interval: str, entries: dict[str, int], universe: tuple[str, ...]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What the watching scanner saw of each symbol at each minute."""
    project = Path(mkdtemp())
    for name, code in (("enter", ENTER), ("watch", WATCH)):
        (project / f"{name}.py").write_text(code)
        (project / f"{name}.txt").write_text("\n".join(universe if name == "watch" else (FIRST,)) + "\n")
    every = {
        "pre_session": [{"start": "09:00", "end": "09:30", "interval": "1m"}],
        "regular_session": [{"start": "09:30", "end": "12:30", "interval": "1m"}],
        "symbol_requirements": {"streams": ["1m", "5m", "15m", "1h"], "historical_days": 5},
    }
    some = {
        "pre_session": [{"start": "09:00", "end": "09:30", "interval": "7m"}],
        "regular_session": [
            {"start": "09:30", "end": "09:41", "interval": "1m"},
            {"start": "09:41", "end": "12:50", "interval": "11m"},
        ],
    }
    config = {"universe": "./enter.txt", "entries": entries}
    lists = {"universe": "./watch.txt", "readings": READINGS, "indicators": INDICATORS}
    scanners = [{"module": "enter", "config": config, **every}, {"module": "watch", "config": lists, **some}]
    symbols = list(universe) if len(universe) > 1 else []
    streams = ["1m", "5m", "15m", "1h"]
    run = play(project, scanners, store_of(interval), DAY, symbols=symbols, streams=streams)
    assert set(run.table("scans")["outcome"]) == {"ok"}, run.table("scans")["error"].drop_nulls()[0]
    seen = run.hits.filter(scanner="watch").select("scan_at", "phase", "symbol", "metadata")
    return {(f"{at} {phase}", symbol): json.loads(values) for at, phase, symbol, values in seen.iter_rows()}


@cache
def from_the_start(interval: str) -> dict[tuple[str, str], dict[str, Any]]:
    return watched(interval, {}, (FIRST, *SYMBOLS))


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["1m", "5m"])
@settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
@given(minutes=st.lists(st.integers(-30, 180), min_size=len(SYMBOLS), max_size=len(SYMBOLS)))
def test_a_symbol_that_joins_equals_one_that_was_there(interval: str, minutes: list[int]) -> None:
    entries = dict(zip(SYMBOLS, minutes, strict=True))
    seen, expected = watched(interval, entries, (FIRST,)), from_the_start(interval)
    late = {key: values for key, values in seen.items() if key[1] != FIRST}
    assert {symbol for _, symbol in late} == set(SYMBOLS)
    day = Day.of(DAY)
    for symbol, minute in entries.items():
        times = {at.split()[0] for at, one in late if one == symbol}
        assert min(times) <= day.iso(minute + 25), symbol
    wrong = [
        (at, symbol, entries[symbol], name, value, expected[at, symbol][name])
        for (at, symbol), values in late.items()
        for name, value in values.items()
        if not _same(value, expected[at, symbol][name])
    ]
    assert wrong[:3] == []


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)
