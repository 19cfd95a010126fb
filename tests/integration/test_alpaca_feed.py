"""Alpaca's feed: the official client against a server of ours that speaks its protocol, and misbehaves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from support.alpaca.server import ERRORS, LOOPBACK, AlpacaServer, ServerBar
from support.builders import make_session
from support.waiting import wait_for
from symscan.errors import FeedError
from symscan.model.instant import MINUTE, SECOND, Instant, from_datetime
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.feed import AlpacaFeed
from symscan.sources.alpaca.stream import StreamTimeouts
from symscan.sources.ports import BarBatch, BarsDropped, Connected, Delivery, Disconnected, Limited, Notice
from symscan.sources.streaming.validation import BatchValidator

OPEN = from_datetime(datetime(2024, 1, 2, 14, 30, tzinfo=UTC))
SESSION = make_session(date(2024, 1, 2))
PATIENT = StreamTimeouts(
    answer_seconds=60.0,
    open_seconds=60.0,
    connection_limit_seconds=60.0,
    first_wait_seconds=0.01,
    longest_wait_seconds=0.05,
)
"""For what works in the end, however slow the machine is."""
BRIEF = replace(PATIENT, open_seconds=0.3, connection_limit_seconds=0.3)
"""For what is given up in the end."""
HURRY = replace(BRIEF, answer_seconds=0.3)
"""For answers that never come."""

Opener = Callable[..., AlpacaFeed]


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer() as server:
        yield server


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Makes feeds, open and with their first ``Connected`` taken; closes them afterwards."""
    feeds: list[AlpacaFeed] = []

    def make(server: AlpacaServer, *symbols: str, patience: StreamTimeouts = PATIENT) -> AlpacaFeed:
        feed = AlpacaFeed(server.keys, server.hosts, "iex", patience)
        feeds.append(feed)
        feed.subscribe(symbols)
        feed.open()
        assert take(feed) == Connected()
        return feed

    yield make
    for feed in feeds:
        feed.close()


def take(feed: AlpacaFeed) -> Delivery | None:
    return feed.receive(feed.now() + 60 * SECOND)


def arrivals(feed: AlpacaFeed) -> BarBatch:
    delivery = take(feed)
    assert isinstance(delivery, BarBatch)
    return delivery


def notice(feed: AlpacaFeed) -> str:
    delivery = take(feed)
    assert isinstance(delivery, Notice)
    return delivery.message


def dropped(feed: AlpacaFeed) -> str:
    delivery = take(feed)
    assert isinstance(delivery, BarsDropped)
    return delivery.reason


def comes_back(feed: AlpacaFeed) -> None:
    assert isinstance(take(feed), Disconnected)
    assert take(feed) == Connected()


def ours() -> Instant:
    """This computer's clock."""
    return from_datetime(datetime.now(UTC))


def bar(symbol: str, end: Instant, price: float = 10.0) -> ServerBar:
    return ServerBar.flat(symbol, end, price)


def refused(
    server: AlpacaServer,
    feed: str = "iex",
    hosts: AlpacaHosts | None = None,
    patience: StreamTimeouts = BRIEF,
) -> str:
    """The message with which a feed does not open."""
    with pytest.raises(FeedError) as caught:
        AlpacaFeed(server.keys, hosts or server.hosts, feed, patience).open()
    return str(caught.value)


# -- bars ---------------------------------------------------------------------------------------------------


def test_bars_count_by_the_instant_they_are_complete(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL", "MSFT")
    server.send_bars([ServerBar("AAPL", OPEN, 10, 12.5, 9, 11, 300), bar("MSFT", OPEN + MINUTE, 7.25)])
    came = arrivals(feed)
    assert came.symbols == ("AAPL", "MSFT")
    assert came.ends.tolist() == [OPEN + MINUTE, OPEN + MINUTE]
    assert came.fields.tolist() == [[10, 7.25], [12.5, 7.25], [9, 7.25], [11, 7.25], [300, 100]]
    assert not came.corrected


def test_corrections_say_so(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_bars([bar("AAPL", OPEN + MINUTE)], updated=True)
    assert arrivals(feed).corrected


def test_bars_come_as_they_were_sent_twice_and_out_of_order(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    ends = [OPEN + minutes * MINUTE for minutes in (3, 1, 1, 2)]
    server.send_bars([bar("AAPL", end) for end in ends], per_frame=1)
    assert [end for _ in ends for end in arrivals(feed).ends.tolist()] == ends


def test_a_burst_of_a_whole_market_comes_as_one(server: AlpacaServer, opened: Opener) -> None:
    symbols = [f"S{number:04}" for number in range(8_000)]
    feed = opened(server, *symbols)
    assert server.send_bars([bar(symbol, OPEN + MINUTE, 1.5) for symbol in symbols]) == 8_000
    came = arrivals(feed)
    assert list(came.symbols) == symbols
    assert np.array_equal(came.fields, np.repeat([[1.5], [1.5], [1.5], [1.5], [100.0]], 8_000, axis=1))


def test_bars_that_are_not_valid_are_left_to_the_rule_of_the_session(
    server: AlpacaServer, opened: Opener
) -> None:
    feed = opened(server, "AAPL", "MSFT")
    nothing = float("nan")
    broken = ServerBar("MSFT", OPEN, nothing, nothing, nothing, nothing, 0.5)
    server.send_bars([bar("AAPL", OPEN + MINUTE), broken, bar("AAPL", OPEN + 90 * SECOND)])
    checks = BatchValidator(SESSION, [OPEN + MINUTE, OPEN + 2 * MINUTE])
    assert checks.validate(arrivals(feed))[0].symbols == ["AAPL"]
    assert str(checks.dropped_report()).startswith("2 malformed bars were dropped, such as MSFT ending")


# -- subscriptions ------------------------------------------------------------------------------------------


def test_subscriptions_follow_what_is_wanted(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    feed.subscribe(["MSFT", "KR"])
    server.wait(lambda: server.subscribed == {"AAPL", "MSFT", "KR"})
    feed.unsubscribe(["AAPL", "KR"])
    server.wait(lambda: server.subscribed == {"MSFT"})
    assert server.actions[-1] == ("unsubscribe", ("AAPL", "KR"))


def test_a_feed_opens_before_anything_is_wanted(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server)
    assert server.actions == []
    feed.subscribe(["AAPL"])
    server.wait(lambda: server.subscribed == {"AAPL"})


def test_many_wishes_become_few_requests(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server)
    server.is_held = True
    for number in range(500):
        feed.subscribe([f"S{number}"])
    server.is_held = False
    server.wait(lambda: len(server.subscribed) == 500)
    assert len(server.actions) <= 2  # the first of them, and what was wished for while it was under way


def test_nobody_waits_for_a_subscription(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.is_mute = True
    feed.subscribe(["MSFT"])
    assert feed.receive(feed.now()) is None  # had it waited for the answer, the connection would be lost


def test_a_subscription_that_is_not_answered_begins_anew(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL", patience=replace(HURRY, open_seconds=60.0))
    server.is_mute = True
    feed.subscribe(["MSFT"])
    lost = take(feed)
    server.is_mute = False
    assert lost == Disconnected("the connection broke: no answer to subscribe of 1 symbols")
    assert take(feed) == Connected()
    assert server.subscribed == {"AAPL", "MSFT"}


def test_as_many_symbols_as_the_account_may_have() -> None:
    symbols = [f"S{number:02}" for number in range(50)]
    with AlpacaServer(symbol_limit=30) as server:
        feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
        feed.subscribe(symbols)
        feed.open()
        assert take(feed) == Limited(30, tuple(symbols[30:]))
        assert take(feed) == Connected()
        assert server.subscribed == set(symbols[:30])
        feed.unsubscribe(["S03"])
        server.wait(lambda: server.subscribed == {*symbols[:31]} - {"S03"})
        assert take(feed) == Limited(30, tuple(symbols[31:]))
        server.drop()
        comes_back(feed)
        assert server.subscribed == {*symbols[:31]} - {"S03"}
        feed.close()


def test_a_refused_change_is_told_and_outlived(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.errors_at_change = [410]
    feed.subscribe(["BAD"])
    assert notice(feed) == f"Alpaca does not subscribe BAD ({ERRORS[410]}, 410)"
    feed.subscribe(["MSFT"])
    server.wait(lambda: server.subscribed == {"AAPL", "MSFT"})


def test_one_refused_symbol_does_not_cost_the_others_their_bars(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server)
    server.errors_at_change = [400, 400]  # of four, and of the first two
    feed.subscribe(["A", "B", "C", "D"])
    server.wait(lambda: server.subscribed == {"A", "B", "C", "D"})


def test_an_error_of_the_server_begins_anew(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.errors_at_change = [500]
    feed.subscribe(["MSFT"])
    comes_back(feed)
    assert server.subscribed == {"AAPL", "MSFT"}


# -- what does not open -------------------------------------------------------------------------------------


def test_a_wrong_key(server: AlpacaServer) -> None:
    keys = AlpacaKeys("PKWRONG", "wrong-secret")
    with pytest.raises(FeedError, match=r"does not accept the keys.*APCA_API_KEY_ID and") as caught:
        AlpacaFeed(keys, server.hosts, "iex", PATIENT).open()
    assert "WRONG" not in str(caught.value) and "wrong-secret" not in str(caught.value)
    assert server.handshakes == 1


def test_no_right_to_the_feed() -> None:
    with AlpacaServer(feeds=["iex"]) as server:
        assert "may not use the stream of feed sip" in refused(server, "sip")
        assert server.handshakes == 1


def test_a_connection_limit_is_not_tried_for_ever() -> None:
    with AlpacaServer(connection_limit=0) as server:
        assert "no further connection" in refused(server)
        assert server.handshakes >= 1  # how many there is time for is the machine's affair


def test_a_connection_that_comes_free_in_time(server: AlpacaServer, opened: Opener) -> None:
    server.errors_at_auth = [406, 406]
    opened(server, "AAPL")
    assert server.handshakes == 3


def test_a_server_that_says_nothing(server: AlpacaServer) -> None:
    server.is_mute = True
    assert "no answer in time" in refused(server, patience=HURRY)


def test_a_server_that_refuses_handshakes(server: AlpacaServer) -> None:
    server.refuse(1_000)
    assert "HTTP 503" in refused(server)


def test_nobody_there(server: AlpacaServer) -> None:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        nobody = f"ws://{LOOPBACK}:{free.getsockname()[1]}"
    message = refused(server, hosts=AlpacaHosts(server.hosts.data_url, nobody, server.hosts.trading_url))
    assert "cannot be reached" in message and "check the network" in message


# -- what happens afterwards --------------------------------------------------------------------------------


def test_a_broken_connection_is_mended(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL", "MSFT")
    server.refuse(3)
    server.drop()
    comes_back(feed)
    assert server.handshakes == 5
    assert server.subscribed == {"AAPL", "MSFT"}
    server.send_bars([bar("AAPL", OPEN + MINUTE)])
    assert arrivals(feed).symbols == ("AAPL",)


def test_a_connection_that_breaks_within_a_frame(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_half_a_frame()
    comes_back(feed)


@pytest.mark.parametrize("garbage", [b"\xff\x00garbage", b"\x05", b"\x91\x05", b"", "text"])
def test_garbage_is_told_and_outlived(garbage: bytes | str, server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_raw(garbage)
    assert "something unreadable" in dropped(feed)
    server.send_bars([bar("AAPL", OPEN + MINUTE)])
    assert arrivals(feed).symbols == ("AAPL",)


def test_slow_client_notices_are_counted(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_error(407)
    assert "reads too slowly (slow client, 1 so far)" in dropped(feed)
    server.send_error(407)
    assert "2 so far" in dropped(feed)


def test_after_an_error_of_the_server_bars_may_be_missing(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_error(500)
    assert dropped(feed) == "Alpaca's stream reports an error: internal error (500)"


def test_an_unknown_error_is_told(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_error(499, "out of coffee")
    assert notice(feed) == "Alpaca's stream reports an error: out of coffee (499)"


@pytest.mark.parametrize("code", [401, 404, 406])
def test_an_error_that_ends_a_connection_is_mended(code: int, server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_error(code)
    assert take(feed) == Disconnected(ERRORS[code])
    assert take(feed) == Connected()


@pytest.mark.parametrize("code", [402, 408, 409])
def test_an_error_that_ends_the_feed(code: int, server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.send_error(code)
    assert take(feed) == Disconnected(ERRORS[code])
    for _ in range(2):
        with pytest.raises(FeedError, match=ERRORS[code]):
            take(feed)
    assert server.handshakes == 1


def test_a_key_that_is_revoked_ends_the_feed(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    server.errors_at_auth = [402]
    server.drop()
    assert isinstance(take(feed), Disconnected)
    with pytest.raises(FeedError, match="does not accept the keys"):
        take(feed)


def test_a_connection_taken_by_another_ends_the_feed_in_time(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL", patience=BRIEF)
    server.connection_limit = 0
    server.drop()
    assert isinstance(take(feed), Disconnected)
    with pytest.raises(FeedError, match="no further connection"):
        take(feed)


# -- waiting and ending -------------------------------------------------------------------------------------


def test_receive_ends_when_its_time_is_over(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    until = feed.now() + SECOND // 50
    assert feed.receive(until) is None
    assert feed.now() >= until
    assert feed.receive(until - SECOND) is None


def test_wake_ends_a_receive_once(server: AlpacaServer, opened: Opener) -> None:
    feed = opened(server, "AAPL")
    feed.wake()
    feed.wake()
    assert take(feed) is None
    waker = threading.Thread(target=feed.wake)
    waker.start()
    assert take(feed) is None
    waker.join()
    server.send_bars([bar("AAPL", OPEN + MINUTE)])
    assert arrivals(feed).symbols == ("AAPL",)


@pytest.mark.parametrize("state", ["live", "mute", "lost", "new"])
def test_closing_ends_the_feed_whatever_the_server_does(state: str, server: AlpacaServer) -> None:
    feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
    if state != "new":
        feed.open()
    server.is_mute = state == "mute"
    if state == "lost":
        server.refuse(1_000_000)
        server.drop()
    feed.close()
    feed.close()
    wait_for(lambda: "alpaca:iex" not in {thread.name for thread in threading.enumerate()}, "the end")
    feed.subscribe(["AAPL"])
    feed.unsubscribe(["AAPL"])
    while isinstance(left := feed.receive(feed.now()), Connected | Disconnected):
        pass
    assert left is None


def test_closing_ends_an_opening(server: AlpacaServer) -> None:
    server.is_mute = True
    feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
    closer = threading.Thread(target=lambda: (server.wait(lambda: server.handshakes > 0), feed.close()))
    closer.start()
    with pytest.raises(FeedError, match="closed while it was being opened"):
        feed.open()
    closer.join()


# -- clock and missed bars ----------------------------------------------------------------------------------


def test_now_is_the_market_s_clock(server: AlpacaServer, opened: Opener) -> None:
    server.rest.clock_offset = timedelta(hours=1)
    begun = ours()
    feed = opened(server)
    asked_within = ours() - begun
    # It is not known when between request and answer the server looked at its clock.
    before, shown, after = ours(), feed.now(), ours()
    offset = feed.clock_offset_ms()
    assert offset is not None
    uncertain = asked_within + 1000
    assert before - uncertain <= shown - 60 * MINUTE <= after + uncertain
    assert abs(offset + 3_600_000) <= uncertain / 1000


def test_without_the_market_s_clock_ours_is_used(server: AlpacaServer) -> None:
    server.rest.fail(403, times=4)
    feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
    feed.open()
    told = [take(feed), take(feed)]
    feed.close()
    assert Connected() in told
    assert any(isinstance(one, Notice) and "clock is not known" in one.message for one in told)
    assert feed.clock_offset_ms() is None
    before, shown, after = ours(), feed.now(), ours()
    assert before - 1000 <= shown <= after + 1000


def test_missed_bars_are_fetched_by_their_end() -> None:
    ends = [OPEN + minutes * MINUTE for minutes in range(1, 9)]
    stored = [bar(symbol, end, 5.0) for symbol in ("AAPL", "KR") for end in ends]
    with AlpacaServer(stored, page_limit=3) as server:
        feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
        came = feed.bars(["KR", "AAPL"], ends[1], ends[5])
        assert list(came.symbols) == ["AAPL"] * 4 + ["KR"] * 4
        assert came.ends.tolist() == ends[2:6] * 2
        assert came.fields.tolist() == [[5.0] * 8] * 4 + [[100.0] * 8]
        assert {query["feed"] for query in server.rest.asked("/v2/stocks/bars")} == {"iex"}
        parts = pairwise([ends[0], ends[2], ends[2], ends[7]])
        assert [feed.bars(["KR"], after, until).ends.tolist() for after, until in parts] == [
            ends[1:3],
            [],
            ends[3:8],
        ]


def test_fetched_bars_that_are_none_are_left_out(server: AlpacaServer) -> None:
    server.rest.add_bars("1Min", [ServerBar("AAPL", OPEN, 0, 0, 0, 0, 5), bar("AAPL", OPEN + 2 * MINUTE)])
    feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
    checks = BatchValidator(SESSION, [OPEN + MINUTE, OPEN + 2 * MINUTE])
    sound, _ = checks.validate(feed.bars(["AAPL"], OPEN, OPEN + 5 * MINUTE))
    assert sound.ends.tolist() == [OPEN + 2 * MINUTE]
    assert "1 malformed bar was dropped, such as AAPL" in str(checks.dropped_report())


def test_symbols_that_are_refused_are_told_once_and_the_others_fetched() -> None:
    with AlpacaServer([bar("KR", OPEN + MINUTE, 5.0)]) as server:
        server.rest.invalid = {"BAD", "WORSE"}
        feed = AlpacaFeed(server.keys, server.hosts, "iex", PATIENT)
        assert list(feed.bars(["BAD", "KR", "WORSE"], OPEN, OPEN + MINUTE).symbols) == ["KR"]
        assert notice(feed) == "Alpaca refuses BAD, WORSE (invalid symbol: BAD); no bars of them"
        assert list(feed.bars(["BAD", "WORSE"], OPEN, OPEN + MINUTE).symbols) == []
        assert feed.receive(feed.now()) is None
