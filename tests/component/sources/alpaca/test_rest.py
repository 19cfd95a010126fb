"""What is asked of Alpaca by REST, against a server of ours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from support.alpaca.server import AlpacaServer, ServerBar, ServerSplit
from symscan.errors import FeedError, InputError
from symscan.model.instant import Instant, from_datetime
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.http_client import HttpTimeouts
from symscan.sources.alpaca.rest import AlpacaRest

BARS = "/v2/stocks/bars"
PATIENT = HttpTimeouts(
    connect_seconds=60, read_seconds=60, retries=2, first_wait_seconds=0.01, longest_wait_seconds=0.02
)


def at(hour: int, minute: int = 0, day: int = 2) -> Instant:
    return from_datetime(datetime(2024, 1, day, hour, minute, tzinfo=UTC))


def stored() -> Iterator[ServerBar]:
    for symbol in ("AAPL", "KR", "MSFT"):
        for number in range(10):
            yield ServerBar.flat(symbol, at(14, 31 + number), 10.0 + number)


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer(stored(), page_limit=7) as server:
        yield server


def asking(server: AlpacaServer, feed: str = "iex") -> AlpacaRest:
    return AlpacaRest(server.keys, server.hosts, feed, PATIENT)


def fails(rest: AlpacaRest, pattern: str) -> None:
    with pytest.raises(FeedError, match=pattern):
        rest.bars(["AAPL"], ONE_MINUTE, at(14), at(15))


def test_bars_come_from_every_page_by_symbol_and_start(server: AlpacaServer) -> None:
    frame = asking(server).bars(["MSFT", "AAPL"], ONE_MINUTE, at(14, 31), at(14, 40))
    starts = [at(14, 31 + number) for number in range(9)]
    assert frame["symbol"].to_list() == ["AAPL"] * 9 + ["MSFT"] * 9
    assert frame["start"].to_physical().to_list() == starts * 2
    assert frame["close"].to_list() == [11.0 + number for number in range(9)] * 2
    assert frame.schema == {
        "symbol": pl.String,
        "start": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
    }
    tokens = [query.get("page_token") for query in server.rest.asked(BARS)]
    assert tokens == [None, "7", "14"]


def test_what_is_asked_for(server: AlpacaServer) -> None:
    asking(server, "sip").bars(["AAPL", "AAPL"], ONE_MINUTE, at(14, 30), at(14, 31))
    assert server.rest.asked(BARS) == [
        {
            "symbols": "AAPL",
            "timeframe": "1Min",
            "start": "2024-01-02T14:30:00Z",
            "end": "2024-01-02T14:30:59.999999Z",
            "limit": "10000",
            "adjustment": "raw",
            "feed": "sip",
            "asof": "2024-01-02",
        }
    ]


def test_the_bearers_of_symbols_are_those_of_the_last_day_in_new_york(server: AlpacaServer) -> None:
    rest = asking(server)
    rest.bars(["NONE"], ONE_MINUTE, at(14, 30), at(1, day=5))
    rest.bars(["NONE"], ONE_MINUTE, at(14, 30), at(15), asof=date(2023, 5, 1))
    assert [query["asof"] for query in server.rest.asked(BARS)] == ["2024-01-04", "2023-05-01"]


def test_daily_bars(server: AlpacaServer) -> None:
    server.rest.add_bars("1Day", [ServerBar("AAPL", at(5, day=day), 1, 2, 1, 2, 9) for day in (2, 3, 4)])
    frame = asking(server).bars(["AAPL"], ONE_DAY, at(5, day=3), at(5, day=4))
    assert frame["start"].to_physical().to_list() == [at(5, day=3)]


def test_nothing_found_and_nothing_asked(server: AlpacaServer) -> None:
    rest = asking(server)
    assert rest.bars(["NONE"], ONE_MINUTE, at(14), at(15)).height == 0
    assert rest.bars([], ONE_MINUTE, at(14), at(15)).columns == rest.bars(["A"], ONE_DAY, 1, 2).columns
    assert rest.bars(["AAPL"], ONE_MINUTE, at(15), at(15)).height == 0
    assert len(server.rest.requests) == 2


def test_many_symbols_are_asked_for_in_parts(server: AlpacaServer) -> None:
    symbols = [f"SYM{number}.A" for number in range(2_000)] + ["AAPL"]
    frame = asking(server).bars(symbols, ONE_MINUTE, at(14), at(15))
    assert frame["symbol"].unique().to_list() == ["AAPL"]
    parts = {query["symbols"]: None for query in server.rest.asked(BARS)}
    assert ",".join(parts).split(",") == symbols
    assert all(len(part.replace(",", "%2C")) <= 4_000 for part in parts)


def test_other_intervals_are_refused(server: AlpacaServer) -> None:
    with pytest.raises(InputError, match="bars of 5m are not fetched"):
        asking(server).bars(["AAPL"], FIVE_MINUTES, at(14), at(15))


def test_splits_by_their_ex_date(server: AlpacaServer) -> None:
    server.rest.splits += [
        ServerSplit("AAPL", date(2024, 1, 3), 4),
        ServerSplit("KR", date(2024, 1, 2), 1, 20),
        ServerSplit("AAPL", date(2024, 1, 9), 2),
        ServerSplit("MSFT", date(2024, 1, 3), 2),
    ]
    frame = asking(server).splits(["KR", "AAPL"], date(2024, 1, 2), date(2024, 1, 8))
    assert frame.rows() == [("AAPL", date(2024, 1, 3), 4.0), ("KR", date(2024, 1, 2), 0.05)]
    assert asking(server).splits(["KR"], date(2020, 1, 2), date(2020, 1, 8)).rows() == []


def test_the_clock(server: AlpacaServer) -> None:
    server.rest.clock_offset = timedelta(seconds=90)
    market, ours = asking(server).clock()
    assert abs(market - ours - 90_000_000) < 1_000_000


def test_too_many_requests_are_repeated(server: AlpacaServer) -> None:
    server.rest.fail(429, times=2)
    assert asking(server).bars(["AAPL"], ONE_MINUTE, at(14), at(15)).height == 10


@pytest.mark.parametrize(
    ("status", "body", "pattern"),
    [
        (429, '{"message": "too many requests."}', "too many requests"),
        (500, "internal", "server failed, again and again .500: internal"),
        (503, "", "server failed"),
    ],
)
def test_what_does_not_pass_is_told(status: int, body: str, pattern: str, server: AlpacaServer) -> None:
    server.rest.fail(status, times=3, body=body)
    fails(asking(server), pattern)
    assert len(server.rest.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "pattern"),
    [
        (401, "", "does not accept the keys"),
        (403, '{"message": "forbidden."}', "does not accept the keys"),
        (
            403,
            '{"message": "subscription does not permit querying recent SIP data"}',
            "may not read this data",
        ),
        (422, '{"message": "invalid start"}', "refuses the request .422: invalid start"),
        (400, '{"message": "invalid limit"}', "refuses the request .400: invalid limit"),
        (404, "<html>", "refuses the request"),
        (301, "", "none of Alpaca's"),
        (200, "<html>", "none of Alpaca's"),
        (200, "[]", "none of Alpaca's"),
        (200, "", "none of Alpaca's"),
        (200, '{"bars": {"AAPL": [{"t": "2024-01-02T14:30:00Z"}]}}', "bars that are none"),
        (
            200,
            '{"bars": {"AAPL": [{"t": "x", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}]}}',
            "bars that are none",
        ),
        (200, '{"bars": 5}', "bars that are none"),
    ],
)
def test_what_is_refused_is_not_repeated(status: int, body: str, pattern: str, server: AlpacaServer) -> None:
    server.rest.fail(status, body=body)
    fails(asking(server), pattern)
    assert len(server.rest.requests) == 1


@pytest.mark.parametrize("complaint", ["invalid symbol: {}", "one of the symbols is none"])
def test_what_is_no_symbol_costs_the_others_nothing(complaint: str, server: AlpacaServer) -> None:
    server.rest.invalid, server.rest.complaint = {"B-B", "?"}, complaint
    frame = asking(server).bars(["AAPL", "B-B", "KR", "?", "MSFT"], ONE_MINUTE, at(14, 31), at(14, 40))
    assert frame["symbol"].unique().sort().to_list() == ["AAPL", "KR", "MSFT"]
    assert frame.height == 27
    assert asking(server).bars(["?"], ONE_MINUTE, at(14, 31), at(14, 40)).height == 0


def test_who_is_refused_is_known_with_the_reason(server: AlpacaServer) -> None:
    server.rest.invalid, server.rest.complaint = {"AAPL", "KR"}, "one of the symbols is none"
    rest = asking(server)
    assert rest.bars(["AAPL", "KR"], ONE_MINUTE, at(14), at(15)).height == 0
    assert rest.refused == dict.fromkeys(("AAPL", "KR"), "one of the symbols is none")


def test_no_bars_may_be_written_as_null(server: AlpacaServer) -> None:
    server.rest.fail(200, body='{"bars": null, "next_page_token": null}')
    assert asking(server).bars(["AAPL"], ONE_MINUTE, at(14), at(15)).height == 0


def test_a_wrong_key(server: AlpacaServer) -> None:
    rest = AlpacaRest(AlpacaKeys("AKWRONG", "wrong-secret"), server.hosts, "iex", PATIENT)
    with pytest.raises(FeedError, match="does not accept the keys") as caught:
        rest.clock()
    assert "WRONG" not in str(caught.value) and "wrong-secret" not in str(caught.value)


def test_a_key_that_is_sent_back_does_not_show(server: AlpacaServer) -> None:
    server.rest.fail(422, body=f"who is {server.keys.key_id}?")
    fails(asking(server), r"who is \*\*\*\?")


def test_no_right_to_the_feed() -> None:
    with AlpacaServer(feeds=["iex"]) as server:
        fails(asking(server, "sip"), "may not read this data of feed sip")


def test_an_answer_that_takes_too_long(server: AlpacaServer) -> None:
    server.rest.held = lambda *_: True
    stop_waiting = replace(PATIENT, read_seconds=0.05)
    fails(AlpacaRest(server.keys, server.hosts, "iex", stop_waiting), "did not answer in time")


def test_nobody_there(server: AlpacaServer) -> None:
    nobody = AlpacaHosts("http://localhost:9", server.hosts.stream_url)
    fails(AlpacaRest(server.keys, nobody, "iex", PATIENT), "localhost:9 cannot be reached")


def test_a_page_that_repeats_itself_is_not_read_for_ever(server: AlpacaServer) -> None:
    server.rest.fail(200, times=2, body='{"bars": {}, "next_page_token": "x"}')
    fails(asking(server), "the same page")


def test_several_threads_may_ask(server: AlpacaServer) -> None:
    rest, found = asking(server), list[int]()

    def ask() -> None:
        found.append(rest.bars(["AAPL", "KR"], ONE_MINUTE, at(14), at(15)).height)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20] * 6
