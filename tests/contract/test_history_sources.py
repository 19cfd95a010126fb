"""Every history keeps to the contract of histories."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path

import pytest

from support.bars import feed_bars, store_bars
from support.builders import Weekdays, make_session, weekdays_before
from support.markets import MemoryMarket
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE, from_datetime
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.model.session import Session
from symscan.runtime.provisioning.loading import DataPlan
from symscan.runtime.provisioning.prefetch import PrefetchedHistory
from symscan.sources.iterable_feed import FeedBar
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.history import StoreHistory
from symscan.testing import HistoryCase, HistorySourceContract

NYSE = SessionCalendar("NYSE")
TODAY = NYSE.session(date(2024, 3, 12))
EARLIER = NYSE.previous(TODAY.date, 3)
SYMBOLS = ("AAA", "BBB")


def bars_of(session: Session) -> list[FeedBar]:
    """Bars in the pre-market and in regular hours."""
    return feed_bars(session.open + minute * MINUTE for minute in (-5, 1, 2, 7, 30))


class TestStoreHistory(HistorySourceContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> HistoryCase:
        store = store_bars(tmp_path / "store", *((day, bars_of(day)) for day in EARLIER))
        return HistoryCase(StoreHistory(store, NYSE), TODAY, EARLIER, SYMBOLS)


class TestFetchedHistory(HistorySourceContract):
    @pytest.fixture
    def case(self, tmp_path: Path) -> Iterator[HistoryCase]:
        """From the stand-in server, into an empty store."""
        pytest.importorskip("alpaca", reason="the broker's client is an extra")
        from support.alpaca.days import QUICK
        from support.alpaca.server import AlpacaServer, ServerBar
        from symscan.sources.alpaca.history import FetchedHistory
        from symscan.sources.alpaca.rest import AlpacaRest

        bars = [
            ServerBar(bar.symbol, from_datetime(bar.end) - MINUTE, *bar[2:])
            for day in EARLIER
            for bar in bars_of(day)
        ]
        midnights = [from_datetime(datetime.combine(day.date, time(), NYSE.zone)) for day in EARLIER]
        daily = [
            ServerBar(symbol, midnight, 40.0, 40.0, 40.0, 40.0, 100.0)
            for symbol in SYMBOLS
            for midnight in midnights
        ]
        with AlpacaServer(bars, daily=daily) as server:
            rest = AlpacaRest(server.keys, server.hosts, "iex", QUICK)
            history = FetchedHistory(BarStore.create(tmp_path / "store"), rest, NYSE, TODAY.open)
            yield HistoryCase(history, TODAY, EARLIER, SYMBOLS)


SHORT = make_session(minutes=10)
SHORT_EARLIER = weekdays_before(SHORT, 3)


def memory() -> MemoryMarket:
    """A market in memory with bars of earlier sessions."""
    days = {"AAA": {0: 10.0, 1: 11.0, 7: 12.0}, "BBB": {2: 20.0}}
    return MemoryMarket(SHORT, {}, {day.date: days for day in SHORT_EARLIER})


class TestMemoryMarket(HistorySourceContract):
    """The history of our own tests: what they find holds for others."""

    @pytest.fixture
    def case(self) -> HistoryCase:
        return HistoryCase(memory(), SHORT, SHORT_EARLIER, SYMBOLS)


class TestPrefetchedHistory(HistorySourceContract):
    @pytest.fixture
    def case(self) -> Iterator[HistoryCase]:
        """While it serves what a plan has loaded."""
        market = memory()
        calendar = Weekdays(SHORT)
        prefetched = PrefetchedHistory(market, market, calendar, SHORT)  # type: ignore[arg-type]
        needed = dict.fromkeys((ONE_MINUTE, FIVE_MINUTES, ONE_DAY), (SYMBOLS, 2))
        with ExitStack() as stack:
            stack.enter_context(prefetched.prefetch(DataPlan(SYMBOLS, needed))())
            yield HistoryCase(prefetched, SHORT, SHORT_EARLIER, SYMBOLS)
