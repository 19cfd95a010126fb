"""Every bar source keeps to the contract of bar sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.bars import feed_bars, store_bars
from support.builders import make_session
from support.markets import MemoryMarket
from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.live_settings import LiveSettings
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.streaming.source import StreamSource
from symscan.testing import BarSourceCase, BarSourceContract

SESSION = make_session(minutes=10, premarket=3)
BARS = feed_bars(SESSION.open + minute * MINUTE for minute in (-1, 1, 2, 3, 5, 6, 10))
CLOSES: dict[str, dict[Instant, float]] = {
    symbol: {from_datetime(bar.end): bar.close for bar in BARS if bar.symbol == symbol}
    for symbol in ("AAA", "BBB")
}


class TestBacktestSource(BarSourceContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> BarSourceCase:
        source = BacktestSource(store_bars(tmp_path / "store", (SESSION, BARS)), SESSION)
        return BarSourceCase(source, SESSION, CLOSES)


class TestMemoryMarket(BarSourceContract):
    """The source of our own tests: what they find holds for others."""

    @pytest.fixture
    def case(self) -> BarSourceCase:
        today = {
            symbol: {(end - SESSION.open) // MINUTE - 1: close for end, close in closes.items()}
            for symbol, closes in CLOSES.items()
        }
        return BarSourceCase(MemoryMarket(SESSION, today), SESSION, CLOSES)


class TestStreamSource(BarSourceContract):
    @pytest.fixture(params=["", "duplicate=0.5:2s,seed=3"])
    def case(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BarSourceCase]:
        """Over a replay, also one that repeats itself."""
        faults = Faults.parse(request.param) if request.param else Faults()
        feed = ReplayFeed(store_bars(tmp_path / "store", (SESSION, BARS)), SESSION, None, faults)
        with closing(feed):
            feed.open()
            yield BarSourceCase(StreamSource(feed, SESSION, LiveSettings()), SESSION, CLOSES)
