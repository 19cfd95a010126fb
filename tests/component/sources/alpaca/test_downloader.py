"""Bars and splits from a broker's server into a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from support.alpaca.days import QUICK, CountedRest, at, bar
from support.alpaca.server import AlpacaServer, ServerBar, ServerSplit
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError, FeedError
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.alpaca import download_batches as parts
from symscan.sources.alpaca.credentials import AlpacaKeys
from symscan.sources.alpaca.downloader import Downloader
from symscan.sources.alpaca.rest import AlpacaRest
from symscan.sources.downloads import FetchReport, SplitConflict
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore

NYSE = SessionCalendar("NYSE")
FRIDAY, MONDAY = date(2024, 3, 8), date(2024, 3, 11)
"""Between them the clocks in New York go forward: the open moves from 14:30 to 13:30 UTC."""

LATER = at("2024-12-02 12:00")


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore.create(tmp_path / "store")


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with AlpacaServer(page_limit=2) as server:
        yield server


def rest(server: AlpacaServer, feed: str = "iex") -> CountedRest:
    return CountedRest(server.keys, server.hosts, feed, QUICK)


def sessions(first: date, last: date) -> list[Session]:
    return NYSE.sessions(first, last)


def fetch(
    store: BarStore,
    asked: AlpacaRest,
    symbols: str,
    *days: date,
    interval: Interval = ONE_MINUTE,
    now: int = LATER,
) -> FetchReport:
    fetcher = Downloader(store, asked, now)
    fetcher.fetch_splits(symbols.split())
    fetcher.fetch_bars(fetcher.missing(symbols.split(), interval, sessions(days[0], days[-1])))
    return fetcher.report()


def starts(store: BarStore, day: date, interval: Interval = ONE_MINUTE) -> list[tuple[str, str]]:
    frame = BarStore(store.root).load(interval, [day], columns=["symbol", "start"])
    return [(symbol, f"{start:%d %H:%M}") for symbol, start in frame.iter_rows()]


def test_bars_are_placed_in_their_sessions_across_a_change_of_clocks(
    store: BarStore, server: AlpacaServer
) -> None:
    inside = {
        FRIDAY: ["2024-03-08 09:00", "2024-03-08 14:30", "2024-03-08 20:59", "2024-03-09 00:59"],
        MONDAY: ["2024-03-11 08:00", "2024-03-11 13:30", "2024-03-11 19:59", "2024-03-11 23:59"],
    }
    outside = [
        "2024-03-08 08:59",
        "2024-03-09 01:00",
        "2024-03-10 15:00",
        "2024-03-11 07:59",
        "2024-03-12 00:00",
    ]
    times = [*outside, *inside[FRIDAY], *inside[MONDAY]]
    server.rest.add_bars("1Min", [bar(symbol, time) for symbol in ("B", "A") for time in times])
    report = fetch(store, rest(server), "A B", FRIDAY, MONDAY)
    for day, expected in inside.items():
        assert starts(store, day) == [(symbol, time[8:]) for symbol in "AB" for time in expected]
    assert (report.bars, report.sessions, report.symbols) == ({ONE_MINUTE: 16}, {ONE_MINUTE: 2}, 2)
    assert report.outside == 2 * 3  # the first and the last lie outside of what was asked at all
    assert len(server.rest.asked("/v2/stocks/bars")) == 22 // 2


def test_a_half_day_ends_early(store: BarStore, server: AlpacaServer) -> None:
    day = date(2024, 11, 29)
    times = [
        "2024-11-29 09:00",
        "2024-11-29 17:59",
        "2024-11-29 18:00",
        "2024-11-29 21:59",
        "2024-11-29 22:00",
    ]
    server.rest.add_bars("1Min", [bar("A", time) for time in times])
    fetch(store, rest(server), "A", day)
    assert starts(store, day) == [("A", time[8:]) for time in times[:-1]]


def test_daily_bars_carry_the_date_in_new_york(store: BarStore, server: AlpacaServer) -> None:
    times = [
        "2024-03-07 05:00",
        "2024-03-08 05:00",
        "2024-03-10 05:00",
        "2024-03-11 04:00",
        "2024-03-12 04:00",
    ]
    server.rest.add_bars("1Day", [bar("A", time, price) for price, time in enumerate(times, 1)])
    report = fetch(store, rest(server), "A", FRIDAY, MONDAY, interval=ONE_DAY)
    frame = store.load(ONE_DAY, [FRIDAY, MONDAY], columns=["session", "close"])
    assert frame.rows() == [(FRIDAY, 2.0), (MONDAY, 4.0)]
    assert report.outside == 1
    assert store.sessions(ONE_DAY) == [FRIDAY, MONDAY]


def test_every_question_names_the_feed_raw_prices_and_whose_symbols_are_meant(
    store: BarStore, server: AlpacaServer
) -> None:
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 15:00")])
    fetch(store, rest(server, "sip"), "A", FRIDAY)
    (query,) = server.rest.asked("/v2/stocks/bars")
    assert (query["feed"], query["adjustment"], query["asof"]) == ("sip", "raw", "2024-12-02")
    assert store.origin == "alpaca:sip"


def test_prices_stay_as_traded_and_splits_come_beside_them(store: BarStore, server: AlpacaServer) -> None:
    server.rest.add_bars("1Day", [bar("A", "2024-03-08 05:00", 800.0), bar("A", "2024-03-11 04:00", 80.0)])
    server.rest.splits += [ServerSplit("A", MONDAY, 10.0), ServerSplit("B", MONDAY, 1.0, 8.0)]
    server.rest.splits += [ServerSplit("A", date(2024, 12, 3), 2.0), ServerSplit("C", MONDAY, 2.0)]
    report = fetch(store, rest(server), "A B", FRIDAY, MONDAY, interval=ONE_DAY)
    assert store.load(ONE_DAY, [FRIDAY, MONDAY], columns=["close"])["close"].to_list() == [800.0, 80.0]
    assert store.splits().rows() == [("A", MONDAY, 10.0), ("B", MONDAY, 0.125)]
    assert report.splits == 2


def test_a_split_of_the_store_stays_where_the_fetched_one_contradicts(
    store: BarStore, server: AlpacaServer
) -> None:
    with store.updating() as update:
        mine = [("A", FRIDAY, 3.0), ("B", FRIDAY, 1.0 / 3.0)]
        update.put_splits(pl.DataFrame(mine, SPLITS_SCHEMA, orient="row"))
    server.rest.splits += [ServerSplit("A", FRIDAY, 10.0), ServerSplit("B", FRIDAY, 1.0, 3.0)]
    report = fetch(store, rest(server), "A B", FRIDAY)
    assert store.splits().rows() == mine
    assert (report.splits, report.split_conflicts) == (0, (SplitConflict("A", FRIDAY, 3.0, 10.0),))


def test_a_second_fetch_asks_nothing_and_a_wider_one_only_the_rest(
    store: BarStore, server: AlpacaServer
) -> None:
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 15:00"), bar("B", "2024-03-08 15:00", 20.0)])
    assert fetch(store, rest(server), "A SILENT", FRIDAY).silent == ("SILENT",)
    asked = len(server.rest.requests)
    again = fetch(BarStore(store.root), rest(server), "SILENT A", FRIDAY)
    assert len(server.rest.requests) == asked
    assert (again.bars, again.symbols, again.silent) == ({}, 0, ())
    fetch(store, rest(server), "A B SILENT", FRIDAY, MONDAY)
    bars = server.rest.asked("/v2/stocks/bars")
    assert [query["symbols"] for query in bars[1:]] == ["B", "A,B,SILENT"]
    assert starts(store, FRIDAY) == [("A", "08 15:00"), ("B", "08 15:00")]
    assert [query["symbols"] for query in server.rest.asked("/v1/corporate-actions")] == ["A,SILENT", "B"]


def test_splits_are_asked_again_the_next_day(store: BarStore, server: AlpacaServer) -> None:
    fetch(store, rest(server), "A", FRIDAY)
    server.rest.splits.append(ServerSplit("A", date(2024, 12, 3), 2.0))
    report = fetch(store, rest(server), "A", FRIDAY, now=at("2024-12-03 12:00"))
    assert (report.splits, report.bars) == (1, {})


def test_what_is_no_bar_is_left_out_and_counted(store: BarStore, server: AlpacaServer) -> None:
    when = at("2024-03-08 15:00")
    rows = [
        ServerBar("A", when, 10.0, 9.0, 8.0, 9.0, 100.0),  # the high below the open
        ServerBar("B", when, 0.0, 9.0, 0.0, 9.0, 100.0),
        ServerBar("C", when + 1_000_000, 9.0, 9.0, 9.0, 9.0, 100.0),  # not on the minute
        ServerBar("D", when, 9.0, 9.0, 9.0, 9.0, 0.0),
        ServerBar("E", when, 9.0, 9.0, 9.0, 9.0, 100.0),
        ServerBar("E", when, 9.0, 9.0, 9.0, 9.0, 150.0),  # again, as a page that overlaps would have it
    ]
    server.rest.add_bars("1Min", rows)
    report = fetch(store, rest(server), "A B C D E", FRIDAY)
    assert (report.bad_bars, report.zero_volume, report.silent) == (3, 1, ("A", "B", "C", "D"))
    assert store.load(ONE_MINUTE, [FRIDAY], columns=["symbol", "volume"]).rows() == [("E", 150.0)]


def test_an_interrupted_fetch_keeps_whole_sessions_and_the_next_goes_on(
    store: BarStore, server: AlpacaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_BATCH_BARS", 1)
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 15:00"), bar("A", "2024-03-11 15:00")])
    asked = rest(server)
    asked.interrupt_at = 2
    with pytest.raises(KeyboardInterrupt):
        fetch(store, asked, "A", FRIDAY, MONDAY)
    assert BarStore(store.root).sessions(ONE_MINUTE) == [FRIDAY]
    report = fetch(BarStore(store.root), rest(server), "A", FRIDAY, MONDAY)
    assert (report.bars, report.sessions) == ({ONE_MINUTE: 1}, {ONE_MINUTE: 1})
    assert BarStore(store.root).sessions(ONE_MINUTE) == [FRIDAY, MONDAY]


def test_a_session_that_is_not_over_is_asked_again_by_the_next_fetch(
    store: BarStore, server: AlpacaServer
) -> None:
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 15:00")])
    fetcher = Downloader(store, rest(server), at("2024-03-08 23:00"))
    for _ in range(2):
        fetcher.fetch_bars(fetcher.missing(["A"], ONE_MINUTE, sessions(FRIDAY, FRIDAY)))
    assert len(server.rest.asked("/v2/stocks/bars")) == 1
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 23:30")])
    fetch(store, rest(server), "A", FRIDAY, now=at("2024-03-09 01:16"))
    assert starts(store, FRIDAY) == [("A", "08 15:00"), ("A", "08 23:30")]
    fetch(store, rest(server), "A", FRIDAY)
    assert len(server.rest.asked("/v2/stocks/bars")) == 2


@pytest.mark.parametrize("interval", [ONE_DAY, ONE_MINUTE])
def test_the_last_minutes_are_not_asked_for_since_cheap_plans_refuse_them(
    store: BarStore, server: AlpacaServer, interval: Interval
) -> None:
    fetch(store, rest(server, "sip"), "A", FRIDAY, interval=interval, now=at("2024-03-08 22:00"))
    (query,) = server.rest.asked("/v2/stocks/bars")
    assert query["end"] == "2024-03-08T21:43:59.999999Z"


def test_too_many_requests_and_a_failing_server_are_asked_again(
    store: BarStore, server: AlpacaServer
) -> None:
    server.rest.add_bars("1Min", [bar("A", "2024-03-08 15:00")])
    server.rest.fail(429, times=2)
    fetch(store, rest(server), "A", FRIDAY)
    assert starts(store, FRIDAY) == [("A", "08 15:00")]
    server.rest.fail(500, times=3)
    with pytest.raises(FeedError, match="500"):
        fetch(store, rest(server), "B", FRIDAY)


def test_a_wrong_key_changes_nothing(store: BarStore, server: AlpacaServer) -> None:
    wrong = AlpacaRest(AlpacaKeys("PKWRONG", "wrong"), server.hosts, "iex", QUICK)
    with pytest.raises(FeedError, match="APCA_API_KEY_ID"):
        fetch(store, wrong, "A", FRIDAY)
    assert BarStore(store.root).generation == 0


def test_feeds_do_not_mix(store: BarStore, server: AlpacaServer) -> None:
    fetch(store, rest(server, "iex"), "A", FRIDAY)
    asked = len(server.rest.requests)
    with pytest.raises(DataError, match="bars fetched from alpaca:iex, and those of alpaca:sip do not mix"):
        fetch(store, rest(server, "sip"), "A", FRIDAY)
    assert len(server.rest.requests) == asked


def test_fetched_and_imported_bars_do_not_mix(store: BarStore, server: AlpacaServer, tmp_path: Path) -> None:
    path = tmp_path / "A.csv"
    path.write_text("time,open,high,low,close,volume\n2024-03-08T15:00:00Z,1,1,1,1,5\n")
    options = ImportOptions(ONE_MINUTE, Label.START)
    fetch(store, rest(server), "A", FRIDAY)
    with pytest.raises(DataError, match="bars fetched from alpaca:iex, and imported ones do not mix"):
        import_bars(store, [path], options, NYSE)
    imported = BarStore.create(tmp_path / "imported")
    import_bars(imported, [path], options, NYSE)
    with pytest.raises(DataError, match="bars imported from files, and those of alpaca:iex do not mix"):
        fetch(imported, rest(server), "A", FRIDAY)


def test_stored_bars_have_the_store_s_own_form(store: BarStore, server: AlpacaServer) -> None:
    server.rest.add_bars("1Min", [ServerBar("A", at("2024-03-08 15:00"), 1.0, 3.0, 0.5, 2.0, 7.0)])
    fetch(store, rest(server), "A", FRIDAY)
    row = (FRIDAY, "A", datetime(2024, 3, 8, 15, 0, tzinfo=UTC), 1.0, 3.0, 0.5, 2.0, 7.0)
    assert store.load(ONE_MINUTE, [FRIDAY]).rows() == [row]
