"""Every feed keeps to the contract of feeds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from support.bars import feed_bars, store_bars
from support.builders import make_session
from support.feeds import ScriptedFeed
from symscan.model.instant import MINUTE, from_datetime
from symscan.sources.clocks import VirtualClock
from symscan.sources.iterable_feed import FeedBar, IterableFeed
from symscan.sources.ports import BarBatch
from symscan.sources.replay.feed import ReplayFeed
from symscan.testing import FeedCase, FeedContract

SESSION = make_session(minutes=10, premarket=3)
BARS = feed_bars(SESSION.open + minute * MINUTE for minute in (1, 2, 4))


class TestReplayFeed(FeedContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> FeedCase:
        return FeedCase(ReplayFeed(store_bars(tmp_path / "store", (SESSION, BARS)), SESSION, None), BARS)


class TestReplayFeedAtASpeed(FeedContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> FeedCase:
        store = store_bars(tmp_path / "store", (SESSION, BARS))
        return FeedCase(ReplayFeed(store, SESSION, 100_000.0), BARS)


class TestIterableFeed(FeedContract):
    @pytest.fixture
    def case(self) -> FeedCase:
        return FeedCase(IterableFeed("list", BARS, VirtualClock(SESSION.pre_open, None)), BARS)


class TestIterableFeedThatIsPolled(FeedContract):
    @pytest.fixture
    def case(self) -> FeedCase:
        """With nothing there yet between the bars, on this computer's clock."""
        bars = [one for bar in BARS for one in (None, bar)]
        return FeedCase(IterableFeed("list", iter(bars), VirtualClock(SESSION.pre_open, 100_000.0)), BARS)


class TestIterableFeedOnThisComputersClock(FeedContract):
    @pytest.fixture
    def case(self) -> FeedCase:
        """With bars that were complete long ago, and come when the test says so."""
        published = threading.Event()

        def bars() -> Iterator[FeedBar | None]:
            while not published.is_set():
                yield None
            yield from BARS

        return FeedCase(IterableFeed("file", bars(), poll_seconds=0.001), BARS, published.set)


class TestScriptedFeed(FeedContract):
    """The feed of our own tests: what they find holds for others."""

    @pytest.fixture
    def case(self) -> FeedCase:
        ends = [from_datetime(bar.end) for bar in BARS]
        script = [
            (end, BarBatch([bar.symbol], np.array([end]), np.array([bar[2:]], np.float64).T))
            for bar, end in zip(BARS, ends, strict=True)
        ]
        return FeedCase(ScriptedFeed(SESSION, script), BARS, is_fetchable=False)


class TestAlpacaFeed(FeedContract):
    @pytest.fixture
    def case(self) -> Iterator[FeedCase]:
        """Over real sockets, against the stand-in server."""
        pytest.importorskip("alpaca", reason="the broker's client is an extra")
        from support.alpaca.server import AlpacaServer, ServerBar
        from symscan.sources.alpaca.feed import AlpacaFeed

        opened = from_datetime(datetime(2024, 1, 2, 14, 30, tzinfo=UTC))
        assert make_session(date(2024, 1, 2)).open == opened
        bars = feed_bars(opened + minute * MINUTE for minute in (1, 2, 4))
        sent = [ServerBar(bar.symbol, from_datetime(bar.end) - MINUTE, *bar[2:]) for bar in bars]
        with AlpacaServer(sent) as server:
            feed = AlpacaFeed(server.keys, server.hosts, "iex")
            yield FeedCase(feed, bars, lambda: server.send_bars(sent) and None)
