"""Stores that lack something, dates that are unlike others, and what each means for the readings."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from support.generated_market import ANY, READINGS, SPLITS, Day, Market, make_market
from support.oracle import Oracle
from support.runs import Run, make_store, play

SYMBOLS = ("SPLT", "REVS", "STOP", "NEWC", "NODAY", "BASIS", "GONE", "LIQ00", "LIQ01", "THN00", "NOTIN")
DAY = date(2018, 11, 26)
DST_DATES = [
    *(date(2018, 3, day) for day in (5, 6, 7, 8, 9, 12, 13, 14)),
    *(date(2018, 10, day) for day in (29, 30, 31)),
    *(date(2018, 11, day) for day in (1, 2, 5, 6)),
]


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(symbols=SYMBOLS)


def watch(folder: Path, store: Path, day: date, names: tuple[str, ...], **when: Any) -> Run:
    """Every value of every symbol at every scan, in the hits' metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "odd.txt").write_text("\n".join(SYMBOLS) + "\n")
    windows = when or {"regular_session": [{"start": "09:30", "end": "16:00", "interval": "13m"}]}
    screen = {"name": "all", "universe": "./odd.txt", "where": ANY, "show": names, **windows}
    return play(folder, [screen], store, day)


def values(run: Run) -> dict[tuple[str, str], dict[str, float | None]]:
    rows = run.hits.select("scan_at", "symbol", "metadata").iter_rows()
    return {(at, symbol): json.loads(metadata) for at, symbol, metadata in rows}


def instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def coarser(minutes: pl.DataFrame, interval: str, dates: list[date] | None = None) -> pl.DataFrame:
    """Bars on the grid of the open; 09:30 in New York is on that of half hours."""
    day = pl.col("ts").dt.convert_time_zone("America/New_York").dt.date()
    kept = minutes.filter(day.is_in(dates)) if dates else minutes
    fields = (
        *(pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()),
        pl.col("volume").sum(),
    )
    start = pl.col("ts").dt.offset_by("-30m").dt.truncate(interval).dt.offset_by("30m")
    return kept.sort("symbol", "ts").group_by("symbol", start, maintain_order=True).agg(*fields)


def assert_as_computed(
    run: Run, oracle: Oracle, day: date, readings: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    wrong, known = [], 0
    for (at, symbol), got in values(run).items():
        expected = oracle.readings(symbol, Day.of(day), instant(at))
        expected = {name: expected[name] for name in readings}
        expected |= {key: oracle.indicator(symbol, key, Day.of(day), instant(at)) for key in keys}
        for name, value in expected.items():
            mine = got[name]
            known += mine is not None
            if (mine is None and value == value) or (
                mine is not None and mine != pytest.approx(value, rel=1e-9, abs=1e-9)
            ):
                wrong.append((at, symbol, name, mine, value))
    assert wrong[:5] == []
    assert known > 400


DATES = [date(2018, 11, day) for day in (12, 13, 14, 15, 16, 19, 20, 21, 23, 26, 27)]


def test_without_daily_bars_they_are_derived(market: Market, tmp_path: Path) -> None:
    store = make_store(tmp_path, {"1m": market.minutes}, SPLITS)
    keys = ("sma_3_1d", "volume_ratio_2_1d", "sma_1_1w", "rsi_3_15m")
    oracle = Oracle(Market(market.minutes, market.days.clear()), DATES, SPLITS)
    assert_as_computed(
        watch(
            tmp_path,
            store,
            DAY,
            (*READINGS, *keys),
        ),
        oracle,
        DAY,
        READINGS,
        keys,
    )


def test_without_daily_bars_of_one_date_that_one_is_derived(market: Market, tmp_path: Path) -> None:
    days = market.days.filter(pl.col("date") != date(2018, 11, 23))
    store = make_store(tmp_path, {"1m": market.minutes, "1d": days}, SPLITS)
    keys = ("sma_1_1d", "sma_3_1d", "roc_2_1d")
    oracle = Oracle(Market(market.minutes, days), DATES, SPLITS)
    assert_as_computed(watch(tmp_path, store, DAY, (*READINGS, *keys)), oracle, DAY, READINGS, keys)


def test_without_daily_bars_of_some_symbols_on_some_dates_those_are_derived(
    market: Market, tmp_path: Path
) -> None:
    """Whatever is missing: of a symbol, of a date, the last one or one before; beside other price bases."""
    lost = [
        *(("LIQ00", date(2018, 11, day)) for day in (23, 20)),
        *(("SPLT", date(2018, 11, day)) for day in (14, 21, 23)),
        *((symbol, date(2018, 11, 23)) for symbol in ("BASIS", "THN00", "REVS", "STOP")),
        ("BASIS", date(2018, 11, 21)),
    ]
    gone = pl.DataFrame(lost, ["symbol", "date"], orient="row")
    days = market.days.join(gone, on=["symbol", "date"], how="anti")
    assert days.height == market.days.height - len(lost)
    store = make_store(tmp_path, {"1m": market.minutes, "1d": days}, SPLITS)
    keys = ("sma_1_1d", "sma_3_1d", "roc_2_1d", "volume_ratio_2_1d", "sma_1_1w")
    run = watch(tmp_path, store, DAY, (*READINGS, *keys))
    assert_as_computed(run, Oracle(Market(market.minutes, days), DATES, SPLITS), DAY, READINGS, keys)
    seen = values(run)
    assert all(one["sma_1_1d"] == one["previous_close"] for one in seen.values())
    at = max(at for at, _ in seen)
    known = {symbol for (when, symbol), one in seen.items() if when == at and one["sma_3_1d"] is not None}
    assert known == set(SYMBOLS) - {"NOTIN", "NEWC", "BASIS"}


def test_five_minute_bars_alone_serve_as_well(market: Market, tmp_path: Path) -> None:
    """Everything that does not need minutes equals what minutes give, at the ends of five-minute bars."""
    fives = coarser(market.minutes, "5m")
    store = make_store(tmp_path, {"5m": fives, "1d": market.days}, SPLITS)
    readings = ("open", "high", "low", "close", "volume", "previous_close", "change_pct", "gap_pct")
    keys = ("rsi_14_5m", "volume_ratio_5_15m", "sma_5_1h", "sma_1_1d")
    windows = {
        "pre_session": [{"start": "08:00", "end": "09:30", "interval": "30m"}],
        "regular_session": [{"start": "09:30", "end": "16:00", "interval": "15m"}],
    }
    run = watch(tmp_path, store, DAY, (*READINGS, *keys, "sma_3_1m"), **windows)
    assert_as_computed(run, Oracle(market, DATES, SPLITS), DAY, (*readings, "premarket_volume"), keys)
    assert {got["sma_3_1m"] for got in values(run).values()} == {None}


def test_bars_of_an_hour_alone_serve_too(market: Market, tmp_path: Path) -> None:
    """Before the open they end on the half hour, and none is known before its end."""
    day = pl.col("ts").dt.convert_time_zone("America/New_York")
    late = day.dt.time() >= time(16)
    hours = coarser(market.minutes.filter(~late), "1h")
    store = make_store(tmp_path, {"1h": hours, "1d": market.days}, SPLITS)
    windows = {
        "pre_session": [{"start": "05:30", "end": "09:30", "interval": "60m"}],
        "regular_session": [{"start": "09:30", "end": "16:00", "interval": "30m"}],
    }
    run = watch(tmp_path, store, DAY, (*READINGS, "sma_5_1h", "rsi_3_1h"), **windows)
    got, oracle = values(run), Oracle(market, DATES, SPLITS)
    whole = {key: one for key, one in got.items() if ":30:00Z" in key[0] or key[0].endswith("21:00:00Z")}
    assert len(whole) > 100
    for (at, symbol), one in whole.items():
        expected = oracle.readings(symbol, Day.of(DAY), instant(at))
        for name in ("close", "volume", "premarket_volume"):
            if name == "premarket_volume" and expected[name] == expected[name]:
                continue  # the pre-market's first half hour is no whole hour
            wanted = pytest.approx(expected[name]) if expected[name] == expected[name] else None
            assert one[name] == wanted, (at, symbol, name)
    between = {key: one for key, one in got.items() if key[0] == "2018-11-26T16:00:00Z"}
    for (_, symbol), one in between.items():  # 11:00 in New York: the bar of 10:30 is not over
        assert one["close"] == got["2018-11-26T15:30:00Z", symbol]["close"]


def test_stored_five_minute_history_counts_beside_minutes(market: Market, tmp_path: Path) -> None:
    """Of a date with stored bars of an interval those are used, here with closes of their own."""
    wednesday, friday = date(2018, 11, 21), date(2018, 11, 23)
    odd = coarser(market.minutes, "5m", [friday]).with_columns(
        (pl.col(name) * 1.01).alias(name) for name in ("open", "high", "low", "close")
    )
    one_gone = odd.filter(pl.col("symbol") != "LIQ00")
    store = make_store(tmp_path, {"1m": market.minutes, "5m": one_gone, "1d": market.days}, SPLITS)
    windows = {"regular_session": [{"start": "09:35", "end": "09:35", "interval": "5m"}]}
    run = watch(tmp_path, store, DAY, ("sma_3_5m", "sma_30_5m", "sma_3_15m", "previous_close"), **windows)
    ((_, got),) = [(key, one) for key, one in values(run).items() if key[1] == "LIQ01"]
    oracle = Oracle(market, DATES, SPLITS)
    closes = [bar[4] for bar in oracle.intraday("LIQ01", Day.of(friday), 5)]
    today = oracle.intraday("LIQ01", Day.of(DAY), 5)[0][4]
    assert got["sma_3_5m"] == pytest.approx((closes[-2] * 1.01 + closes[-1] * 1.01 + today) / 3, rel=1e-12)
    ((_, absent),) = [(key, one) for key, one in values(run).items() if key[1] == "LIQ00"]
    earlier = [bar[4] for bar in oracle.intraday("LIQ00", Day.of(wednesday), 5)]
    first = oracle.intraday("LIQ00", Day.of(DAY), 5)[0][4]
    assert absent["sma_3_5m"] is None  # one session asked for, none of its bars there
    assert absent["sma_30_5m"] is None
    assert earlier and first


@pytest.mark.parametrize("day", [date(2018, 3, 9), date(2018, 3, 12), date(2018, 11, 2), date(2018, 11, 5)])
def test_weeks_in_which_the_clock_changes(day: date, tmp_path: Path) -> None:
    market = make_market(DST_DATES, ("LIQ00", "LIQ02", "THN00"))
    store = make_store(tmp_path, {"1m": market.minutes, "1d": market.days})
    keys = ("sma_30_15m", "sma_5_1h", "sma_1_1d")
    windows = {
        "pre_session": [{"start": "08:00", "end": "09:30", "interval": "45m"}],
        "regular_session": [{"start": "09:31", "end": "16:00", "interval": "31m"}],
    }
    run = watch(tmp_path, store, day, (*READINGS, *keys), **windows)
    calendar_only = make_market(DST_DATES, ("LIQ00", "LIQ02", "THN00"))
    assert_as_computed(run, Oracle(calendar_only, DST_DATES), day, READINGS, keys)
    local = run.hits["scan_at_local"].to_list()
    assert local[0].startswith(
        f"{day}T08:00:00-0{5 if (day.month == 11 and day.day > 4) or day == date(2018, 3, 9) else 4}"
    )
    zone = ZoneInfo("America/New_York")
    assert all(datetime.fromisoformat(one).astimezone(zone).isoformat() == one for one in local)


def test_who_is_unknown_and_why(market: Market, tmp_path: Path) -> None:
    store = make_store(tmp_path, {"1m": market.minutes, "1d": market.days}, SPLITS)
    (tmp_path / "odd.txt").write_text("\n".join(SYMBOLS) + "\n")
    screen = {
        "name": "fresh",
        "universe": "./odd.txt",
        "where": "change_pct > -100 AND rsi_14_5m >= 0",
        "max_age_minutes": 5,
        "regular_session": [{"start": "10:00", "end": "15:00", "interval": "30m"}],
    }
    run = play(tmp_path, [screen], store, DAY)
    unknown = run.table("unknown")
    reasons = {symbol: set(own["reason"]) for (symbol,), own in unknown.group_by("symbol")}
    assert reasons["NOTIN"] == {"not_in_store"}
    assert reasons["GONE"] == {"no_bar_today"}
    assert reasons["BASIS"] == {"basis_mismatch"}
    assert reasons["NEWC"] == {"no_previous_close"}
    assert "NODAY" not in reasons  # its daily bars are made of its minutes
    assert reasons["STOP"] == {"stale"}
    assert "LIQ01" not in reasons
    never = {"NOTIN", "GONE", "BASIS", "NEWC"}
    assert set(run.hits["symbol"]) & never == set()
    scans = run.table("scans")
    assert (scans["judged"] + scans["unknown"] == len(SYMBOLS)).all()
    assert scans["unknown"].sum() == unknown["scans"].sum()
    stopped = unknown.filter(symbol="STOP").row(0, named=True)
    assert (stopped["from"], stopped["scans"]) == ("2018-11-26T16:00:00Z", 9)  # no trade after 10:40
    assert run.hits.filter(symbol="STOP")["scan_at"].to_list() == [
        "2018-11-26T15:00:00Z",
        "2018-11-26T15:30:00Z",
    ]


def test_a_symbol_that_stops_trading_keeps_its_values(market: Market, tmp_path: Path) -> None:
    store = make_store(tmp_path, {"1m": market.minutes, "1d": market.days}, SPLITS)
    windows = {"regular_session": [{"start": "11:00", "end": "16:00", "interval": "60m"}]}
    seen = [
        one
        for (_, symbol), one in values(
            watch(tmp_path, store, DAY, (*READINGS, "rsi_14_5m"), **windows)
        ).items()
        if symbol == "STOP"
    ]
    ages = [one.pop("minutes_since_bar") for one in seen]
    assert all(one == seen[0] and one["rsi_14_5m"] is not None for one in seen)
    assert [age - ages[0] for age in ages if age is not None and ages[0] is not None] == [
        0,
        60,
        120,
        180,
        240,
        300,
    ]


def test_the_first_minute_of_the_pre_market_can_be_scanned(market: Market, tmp_path: Path) -> None:
    store = make_store(tmp_path, {"1m": market.minutes, "1d": market.days}, SPLITS)
    run = watch(
        tmp_path, store, DAY, READINGS, pre_session=[{"start": "04:00", "end": "04:10", "interval": "5m"}]
    )
    local = run.hits["scan_at_local"].unique(maintain_order=True).to_list()
    assert local == [f"{DAY}T04:{minute}:00-05:00" for minute in ("00", "05", "10")]
