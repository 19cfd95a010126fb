"""History that fetches what its store lacks."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from support.alpaca.days import QUICK, at, bar
from support.alpaca.server import AlpacaServer, ServerSplit
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import FeedError
from symscan.model.bar import CLOSE, Block
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, PREMARKET
from symscan.sources.alpaca.history import FetchedHistory
from symscan.sources.alpaca.rest import AlpacaRest
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.history import StoreHistory

NYSE = SessionCalendar("NYSE")
TODAY = NYSE.session(date(2024, 3, 11))
NOW = at("2024-03-11 13:00")
BARS = "/v2/stocks/bars"


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer() as server:
        server.rest.add_bars("1Day", [bar("A", "2024-03-07 05:00", 30.0), bar("A", "2024-03-08 05:00", 40.0)])
        server.rest.add_bars("1Day", [bar("B", "2024-03-08 05:00", 7.0)])
        minutes = [bar("A", "2024-03-08 14:30", 40.5), bar("A", "2024-03-08 14:32", 41.0)]
        server.rest.add_bars("1Min", [*minutes, bar("A", "2024-03-08 12:00", 39.0)])
        yield server


@pytest.fixture
def history(server: AlpacaServer, tmp_path: Path) -> FetchedHistory:
    store = BarStore.create(tmp_path / "store")
    return FetchedHistory(store, AlpacaRest(server.keys, server.hosts, "iex", QUICK), NYSE, NOW)


def closes(blocks: Iterator[Block]) -> list[list[float]]:
    return [block.fields[CLOSE].tolist() for block in blocks]


def questions(server: AlpacaServer) -> list[tuple[str, str]]:
    return [(query["timeframe"], query["symbols"]) for query in server.rest.asked(BARS)]


def test_the_evening_before_is_fetched_when_it_is_asked_for(
    history: FetchedHistory, server: AlpacaServer
) -> None:
    for _ in range(2):
        known = history.daily(["A", "B", "C"], TODAY)
        np.testing.assert_array_equal(known.previous_close, [40.0, 7.0, np.nan])
        assert not known.mismatched.any()
    assert questions(server) == [("1Day", "A,B,C")]
    assert history.symbols() == {"A", "B"}


def test_only_missing_sessions_and_symbols_are_asked(history: FetchedHistory, server: AlpacaServer) -> None:
    assert closes(history.load(["B"], ONE_DAY, TODAY, 1)) == [[7.0]]
    two = closes(history.load(["A", "B"], ONE_DAY, TODAY, 2))
    np.testing.assert_array_equal(two, [[30.0, np.nan], [40.0, 7.0]])
    assert questions(server) == [("1Day", "B"), ("1Day", "A,B"), ("1Day", "A")]
    assert closes(history.load(["A"], ONE_DAY, TODAY, 0)) == []


def test_intraday_history_is_fetched_as_minutes_and_derived(
    history: FetchedHistory, server: AlpacaServer
) -> None:
    (five, *rest) = closes(history.load(["A"], FIVE_MINUTES, TODAY, 1))
    assert five == [41.0]
    assert np.isnan(rest).all()
    minutes = [block for block in history.load(["A"], ONE_MINUTE, TODAY, 1) if block.present.any()]
    assert closes(iter(minutes)) == [[40.5], [41.0]]
    assert questions(server) == [("1Min", "A")]


def test_bars_before_the_open_are_fetched_with_the_minutes(
    history: FetchedHistory, server: AlpacaServer
) -> None:
    early = list(history.load(["A"], PREMARKET, TODAY, 1))
    assert [block.end for block in early if block.present.any()] == [at("2024-03-08 12:01")]
    assert {block.end <= at("2024-03-08 14:30") for block in early} == {True}
    assert questions(server) == [("1Min", "A")]


def test_prices_come_on_the_basis_of_the_session(history: FetchedHistory, server: AlpacaServer) -> None:
    server.rest.splits += [ServerSplit("A", TODAY.date, 4.0), ServerSplit("B", date(2024, 3, 12), 2.0)]
    np.testing.assert_array_equal(history.daily(["A", "B"], TODAY).previous_close, [10.0, 7.0])


def test_a_split_of_today_counts_where_the_bars_were_fetched_before(
    history: FetchedHistory, server: AlpacaServer, tmp_path: Path
) -> None:
    early = FetchedHistory(
        BarStore(tmp_path / "store"),
        AlpacaRest(server.keys, server.hosts, "iex", QUICK),
        NYSE,
        at("2024-03-10 12:00"),
    )
    early.ensure(["A"], TODAY)
    server.rest.splits.append(ServerSplit("A", TODAY.date, 4.0))
    np.testing.assert_array_equal(history.daily(["A"], TODAY).previous_close, [10.0])


def test_a_symbol_becomes_known_when_it_is_ensured(history: FetchedHistory, server: AlpacaServer) -> None:
    assert history.symbols() == frozenset()
    history.ensure(["A", "C"], TODAY)
    assert history.symbols() == {"A"}
    assert questions(server) == [("1Day", "A,C"), ("1Min", "A,C")]
    assert history.report().silent == ("C",)


def test_threads_that_ask_for_the_same_ask_once(history: FetchedHistory, server: AlpacaServer) -> None:
    server.rest.delay(0.1)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: closes(history.load(["A"], ONE_DAY, TODAY, 1)), range(8)))
    assert answers == [[[40.0]]] * 8
    assert questions(server) == [("1Day", "A")]


def test_who_has_all_does_not_wait_for_another_download(
    history: FetchedHistory, server: AlpacaServer
) -> None:
    history.ensure(["A"], TODAY, intervals=[ONE_DAY])
    server.rest.held = lambda _, query: query.get("symbols") == "B"
    asked = len(server.rest.requests)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(history.daily, ["B"], TODAY)
        server.wait(lambda: len(server.rest.requests) > asked)
        np.testing.assert_array_equal(history.daily(["A"], TODAY).previous_close, [40.0])
        assert not other.done()
        server.rest.held = lambda *_: False
        np.testing.assert_array_equal(other.result().previous_close, [7.0])


def test_a_refusal_reaches_who_asked(history: FetchedHistory, server: AlpacaServer) -> None:
    server.rest.fail(403, body='{"message": "subscription does not permit querying recent SIP data"}')
    with pytest.raises(FeedError, match="may not read"):
        history.daily(["A"], TODAY)
    np.testing.assert_array_equal(history.daily(["A"], TODAY).previous_close, [40.0])


@pytest.mark.parametrize("gained", [["BAD"], ["BAD", "WORSE"], ["C", "BAD"]])
def test_symbols_that_are_refused_cost_nobody_anything(
    gained: list[str], server: AlpacaServer, tmp_path: Path
) -> None:
    """A universe may gain only such ones while the store has all the others."""
    server.rest.invalid = {"BAD", "WORSE"}
    refused: list[dict[str, str]] = []
    rest = AlpacaRest(server.keys, server.hosts, "iex", QUICK)
    made = FetchedHistory(
        BarStore.create(tmp_path / "store"), rest, NYSE, NOW, lambda found: refused.append(dict(found))
    )
    made.ensure(["A", "B"], TODAY)
    made.ensure(["A", "B", *gained], TODAY)
    assert refused[-1].keys() == {*gained} - {"C"}
    known = made.daily(["A", "B", *gained], TODAY)
    np.testing.assert_array_equal(known.previous_close, [40.0, 7.0, *[np.nan] * len(gained)])
    assert made.symbols() == {"A", "B"}
    asked = len(server.rest.requests)
    made.ensure(["A", *gained], TODAY)
    assert len(server.rest.requests) == asked  # not again in this session
    again = FetchedHistory(
        BarStore(tmp_path / "store"), AlpacaRest(server.keys, server.hosts, "iex", QUICK), NYSE, NOW
    )
    again.ensure(["A", *gained], TODAY)
    assert len(server.rest.requests) > asked  # but in the next: it may be a symbol by then


def test_another_process_gets_the_history_of_the_store(history: FetchedHistory, server: AlpacaServer) -> None:
    history.ensure(["A"], TODAY)
    pickled = pickle.dumps(history)
    copy = pickle.loads(pickled)
    assert isinstance(copy, StoreHistory)
    np.testing.assert_array_equal(copy.daily(["A"], TODAY).previous_close, [40.0])
    assert pickle.loads(pickled) is copy
    history.ensure(["B"], TODAY)
    newer = pickle.loads(pickle.dumps(copy))
    assert newer.symbols() == {"A", "B"}
    assert server.keys.secret.encode() not in pickled
