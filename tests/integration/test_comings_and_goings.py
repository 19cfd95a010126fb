"""Thousands of symbols that come and go take no more room than those that are there."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from support.builders import Recorder
from support.generated_market import DATES, make_market
from support.runs import make_store
from symscan.config import parse_config
from symscan.model.events.session import SymbolAdded, SymbolsRemoved
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.sources.stored.block_cache import BlockCache

SYMBOLS = tuple(f"LIQ{number:03d}" for number in range(100))
BATCH = 40
CACHE_BYTES = 2_000_000

CHURN = """
import random

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self.config["symbols"][:1]
        self._random, self._held = random.Random(3), []
        return True

    def scan(self, context):
        view = context.session_data
        assert all(view.remove_symbol(symbol) for symbol in self._held)
        self._held = self._random.sample(self.config["symbols"][1:], self.config["batch"])
        for symbol in self._held[::2]:
            view.add_symbol(symbol)
            view.add_historical_bars(symbol, "5m", 1)
        view.add_indicator(self._held, "rsi_3_5m")
        return ScanResult([])
"""


def _backtest(folder: Path) -> Backtest:
    """A store of 5m bars, so that a session has few slices, and one scanner that keeps nothing for long."""
    market = make_market(DATES[-3:], SYMBOLS)
    five = pl.col("ts").dt.truncate("5m")
    fields = (pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
    minutes = market.minutes.sort("symbol", "ts").group_by("symbol", five, maintain_order=True).agg(*fields)
    store = make_store(folder, {"5m": minutes, "1d": market.days})
    (folder / "churn.py").write_text(CHURN)
    scanner = {
        "module": "churn",
        "config": {"symbols": SYMBOLS, "batch": BATCH},
        "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
    }
    text = json.dumps({"session_data_config": {"streams": ["5m"], "scanners": [scanner]}})
    config = parse_config(text, str(folder / "session.json"))
    made = assemble_backtest(config, store, DATES[-1], DATES[-1])
    return replace(made, block_cache=BlockCache(CACHE_BYTES))


@pytest.mark.slow
def test_thousands_come_and_go_in_bounded_room(tmp_path: Path) -> None:
    backtest, recorder = _backtest(tmp_path), Recorder()
    coordinator = backtest.coordinator(backtest.sessions[0], [recorder])
    data, taken = coordinator.session_data, []
    tracemalloc.start()
    coordinator.prepare()
    for bar_slice in coordinator.slices():
        coordinator.step(bar_slice)
        if bar_slice.bars is not None and data.now < data.session.close:
            recorder.events = [
                one for one in recorder.events if isinstance(one, SymbolAdded | SymbolsRemoved)
            ]
            taken.append(tracemalloc.get_traced_memory()[0])
            assert len(data.symbols) <= BATCH + 1
            assert data.symbols.height <= 2 * BATCH + 1  # those that come are there before those that go
            assert data.capacity <= 64 + 2 * BATCH
            assert len(data.holders.members()) <= BATCH // 2
    tracemalloc.stop()
    removed = sum(len(event.symbols) for event in recorder.of(SymbolsRemoved))
    assert removed > 3000 and len(recorder.of(SymbolAdded)) > 1500
    assert max(taken[len(taken) // 2 :]) < taken[len(taken) // 2] + CACHE_BYTES
