"""The generated market: what the importer, the scanners and a reader may rely on."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import talib

from symscan.demo.market import GeneratedMarket, generate_market
from symscan.demo.prices import SECTORS
from symscan.model.instant import MINUTE, from_datetime
from symscan.model.session import Session
from symscan.scanners.universe import load_universe

NEW_YORK = ZoneInfo("America/New_York")
HALF_DAY = date(2024, 3, 27)


def _session(day: date) -> Session:
    close = time(13, 0) if day == HALF_DAY else time(16, 0)
    hours = (time(4, 0), time(9, 30), close, time(20, 0))
    instants = [from_datetime(datetime.combine(day, hour, NEW_YORK)) for hour in hours]
    return Session(day, *instants, NEW_YORK, is_early_close=day == HALF_DAY)


def _weekdays(last: date, count: int) -> list[Session]:
    days = [last - timedelta(days=back) for back in range(2 * count)]
    return [_session(day) for day in reversed([day for day in days if day.weekday() < 5][:count])]


SESSIONS = _weekdays(date(2024, 3, 28), 66)
LAST = SESSIONS[-1]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> GeneratedMarket:
    return generate_market(tmp_path_factory.mktemp("market"), sessions=SESSIONS)


@pytest.fixture(scope="module")
def minutes(market: GeneratedMarket) -> pl.DataFrame:
    """All 1m bars with their session's date, minute since the open and whether they are regular."""
    bars = pl.read_parquet(list(market.files["1m"])).with_columns(at=pl.col("ts").dt.epoch("us"))
    hours = pl.DataFrame(
        [(session.date, session.open, session.close) for session in SESSIONS],
        schema=["date", "opened", "end"],
        orient="row",
    )
    local = pl.col("ts").dt.convert_time_zone("America/New_York").dt.date()
    return (
        bars.with_columns(date=local)
        .join(hours, on="date", how="left", maintain_order="left")
        .with_columns(minute=(pl.col("at") - pl.col("opened")) // MINUTE)
        .with_columns(regular=(pl.col("minute") >= 0) & (pl.col("at") < pl.col("end")))
    )


@pytest.fixture(scope="module")
def days(market: GeneratedMarket) -> pl.DataFrame:
    return pl.read_parquet(list(market.files["1d"]))


def _events(market: GeneratedMarket, kind: str) -> list[str]:
    return [symbol for event in market.events if event.kind == kind for symbol in event.symbols]


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    sessions = SESSIONS[-4:]
    made = [
        generate_market(tmp_path / name, sessions=sessions, symbols=60, minute_sessions=2, seed=seed)
        for name, seed in (("one", 3), ("two", 3), ("other", 4))
    ]
    one, two, other = (
        [path.read_bytes() for files in each.files.values() for path in files] for each in made
    )
    assert one == two
    assert one != other
    assert made[0].events == made[1].events
    assert made[0].universe.read_text() == made[1].universe.read_text()


def test_files_are_in_the_importer_s_form(minutes: pl.DataFrame, days: pl.DataFrame) -> None:
    prices = ["open", "high", "low", "close", "volume"]
    assert minutes.columns[:7] == ["symbol", "ts", *prices]
    assert minutes.schema["ts"] == pl.Datetime("us", "UTC")
    assert days.columns == ["symbol", "date", *prices]
    assert days.schema["date"] == pl.Date
    for bars, key in ((minutes, "ts"), (days, "date")):
        assert bars.select("symbol", key).is_unique().all()
        assert bars.select(key, "symbol").equals(bars.select(key, "symbol").sort(key, "symbol"))
        assert bars.select(prices).null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("interval", ["1m", "1d"])
def test_bars_agree_with_themselves_and_are_whole_cents(market: GeneratedMarket, interval: str) -> None:
    bars = pl.read_parquet(list(market.files[interval]))
    assert bars.filter(pl.col("high") < pl.max_horizontal("open", "close")).is_empty()
    assert bars.filter(pl.col("low") > pl.min_horizontal("open", "close")).is_empty()
    assert bars.filter((pl.col("low") <= 0) | (pl.col("volume") < 1)).is_empty()
    for field in ("open", "high", "low", "close"):
        values = bars[field].to_numpy()
        assert np.array_equal(np.rint(values * 100) / 100, values)


def test_daily_bars_are_those_of_the_regular_minutes(minutes: pl.DataFrame, days: pl.DataFrame) -> None:
    summed = (
        minutes.filter("regular")
        .group_by("symbol", "date")
        .agg(
            pl.col("open").sort_by("at").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").sort_by("at").last(),
            pl.col("volume").sum(),
        )
    )
    stored = days.filter(pl.col("date") >= SESSIONS[-6].date)
    assert summed.sort("symbol", "date").equals(stored.sort("symbol", "date"))


def test_sessions_have_what_was_asked_for(minutes: pl.DataFrame, days: pl.DataFrame) -> None:
    assert days["date"].unique().sort().to_list() == [session.date for session in SESSIONS]
    assert minutes["date"].unique().sort().to_list() == [session.date for session in SESSIONS[-6:]]
    regular = minutes.filter("regular").group_by("date").agg(last=pl.col("minute").max()).sort("date")
    assert regular["last"].to_list() == [389, 389, 389, 389, 209, 389]
    outside = minutes.filter(~pl.col("regular"))
    assert outside["date"].unique().to_list() == [LAST.date]
    assert outside["at"].is_between(LAST.pre_open, LAST.open - MINUTE).all()
    assert 20 <= outside["symbol"].n_unique() <= 90


def test_volume_and_movement_are_larger_at_both_ends(minutes: pl.DataFrame) -> None:
    moved = (100 * (pl.col("high") / pl.col("low") - 1)).mean()
    earlier = minutes.filter(pl.col("regular") & (pl.col("date") < HALF_DAY))
    by_hour = (
        earlier.group_by(pl.col("minute") // 30).agg(pl.col("volume").mean(), moved=moved).sort("minute")
    )
    for column in ("volume", "moved"):
        values = by_hour[column].to_list()
        assert values[0] > 1.3 * values[6]
        assert values[-1] > 1.1 * values[6]


def test_nights_have_fat_tails_and_liquidity_differs(minutes: pl.DataFrame, days: pl.DataFrame) -> None:
    ordered = days.sort("symbol", "date")
    previous = pl.col("close").shift(1).over("symbol")
    nights = ordered.select((100 * (pl.col("open") / previous - 1)).alias("gap")).drop_nulls()["gap"]
    assert nights.kurtosis() > 5
    assert (nights.abs() > 3).sum() > 10
    missing = 1 - minutes.filter("regular").group_by("symbol").len()["len"] / (5 * 390 + 210)
    assert 0.01 < missing.mean() < 0.15
    assert missing.max() > 0.3


def test_symbols_of_a_sector_move_together(market: GeneratedMarket, days: pl.DataFrame) -> None:
    wide = days.sort("date").pivot(on="symbol", index="date", values="close").drop("date")
    listed = [name for name in wide.columns if name not in _events(market, "listing")]
    steps = np.diff(np.log(wide.select(listed).drop_nulls().to_numpy()), axis=0)
    together = np.corrcoef(steps.T)
    universe = load_universe("demo_market", [market.universe_folder])
    sector_of = dict(zip(universe.symbols, universe.columns["sector"], strict=True))
    sectors = np.array([sector_of[name] for name in listed])
    same = (sectors[:, None] == sectors) & ~np.eye(len(listed), dtype=bool)
    assert together[same].mean() > together[sectors[:, None] != sectors].mean() + 0.05
    assert together[sectors[:, None] != sectors].mean() > 0.1


def test_universe_says_it_is_generated(market: GeneratedMarket) -> None:
    universe = load_universe("demo_market", [market.universe_folder])
    assert universe.path == market.universe
    assert len(universe.symbols) == 300
    assert universe.as_of == LAST.date
    assert set(universe.columns["sector"]) == set(SECTORS)
    assert all(name.startswith("Generated") for name in universe.columns["name"])
    assert all(symbol.startswith("GEN") and symbol[3:].isdigit() for symbol in universe.symbols)
    assert "generated" in market.universe.read_text().splitlines()[0].lower()
    assert all("generated" in path.name for files in market.files.values() for path in files)


def test_news_opens_with_a_gap_after_pre_market_trading(
    market: GeneratedMarket, minutes: pl.DataFrame, days: pl.DataFrame
) -> None:
    symbols = _events(market, "news gap")
    assert len(symbols) == 4
    two = days.filter(pl.col("symbol").is_in(symbols)).sort("symbol", "date").group_by("symbol").tail(2)
    gaps = two.group_by("symbol").agg(gap=pl.col("open").last() / pl.col("close").first() - 1)["gap"].abs()
    assert gaps.is_between(0.045, 0.12).all()
    early = minutes.filter(~pl.col("regular") & pl.col("symbol").is_in(symbols))
    assert (early.group_by("symbol").len()["len"] > 50).all()


def test_bursts_come_with_volume(market: GeneratedMarket, minutes: pl.DataFrame) -> None:
    bursts = [event for event in market.events if event.kind == "burst"]
    assert len(bursts) == 6
    for event in bursts:
        own = minutes.filter(pl.col("symbol").is_in(event.symbols), pl.col("date") == LAST.date, "regular")
        during = own.filter(pl.col("at").is_between(event.at, event.at + 7 * MINUTE))["volume"].mean()
        before = own.filter(pl.col("at").is_between(event.at - 30 * MINUTE, event.at - MINUTE))[
            "volume"
        ].mean()
        assert during > 4 * before


def test_one_symbol_stops_and_one_begins(
    market: GeneratedMarket, minutes: pl.DataFrame, days: pl.DataFrame
) -> None:
    halt, listing = (next(e for e in market.events if e.kind == kind) for kind in ("halt", "listing"))
    today = minutes.filter(pl.col("date") == LAST.date)
    halted = today.filter(pl.col("symbol") == halt.symbols[0])
    assert halt.at - 5 * MINUTE <= halted["at"].max() < halt.at
    assert days.filter(pl.col("symbol") == listing.symbols[0])["date"].to_list() == [LAST.date]
    listed = minutes.filter(pl.col("symbol") == listing.symbols[0])
    assert listed["date"].unique().to_list() == [LAST.date] and listed["regular"].all()


def test_events_lie_in_the_last_session_by_time(market: GeneratedMarket) -> None:
    instants = [event.at for event in market.events]
    assert instants == sorted(instants)
    assert market.session == LAST
    assert all(LAST.open <= instant < LAST.close for instant in instants)
    assert {event.kind for event in market.events} == {"news gap", "burst", "sector rally", "halt", "listing"}


def test_gap_scanner_s_condition_holds_for_a_few(minutes: pl.DataFrame, days: pl.DataFrame) -> None:
    """2% since the previous close on 500,000 shares so far, asked at every fifth minute."""
    closes = days.filter(pl.col("date") == SESSIONS[-2].date).select("symbol", previous="close")
    today = (
        minutes.filter("regular", pl.col("date") == LAST.date).join(closes, on="symbol").sort("symbol", "at")
    )
    so_far = today.with_columns(shares=pl.col("volume").cum_sum().over("symbol"))
    asked = so_far.filter((pl.col("minute") + 1) % 5 == 0)
    changed = (100 * (pl.col("close") / pl.col("previous") - 1)).abs()
    hits = asked.filter(changed >= 2, pl.col("shares") >= 500_000)
    assert 10 <= hits["symbol"].n_unique() <= 75
    assert 1 <= hits.filter(pl.col("minute") == 9)["symbol"].n_unique() <= 20


def test_momentum_scanner_s_condition_holds_for_a_few(minutes: pl.DataFrame) -> None:
    """rsi_14_5m of 70 and twice the mean volume of the 20 bars before, asked at every fifteenth minute."""
    bars = (
        minutes.filter("regular")
        .sort("symbol", "at")
        .group_by("symbol", "date", window=pl.col("minute") // 5, maintain_order=True)
        .agg(pl.col("close").last(), pl.col("volume").sum().cast(pl.Float64))
    )
    found: dict[int, set[str]] = {}
    for (symbol,), own in bars.group_by("symbol", maintain_order=True):
        volume = own["volume"].to_numpy()
        if len(volume) > 20:
            ratio = volume / np.concatenate([[np.nan], talib.SMA(volume, 20)[:-1]])
            hit = (talib.RSI(own["close"].to_numpy(), 14) >= 70) & (ratio >= 2)
            hit &= (own["date"] == LAST.date).to_numpy() & (own["window"].to_numpy() % 3 == 2)
            for window in own["window"].to_numpy()[hit].tolist():
                found.setdefault(window, set()).add(str(symbol))
    assert 5 <= len(set().union(*found.values())) <= 75
    assert len(found) >= 5


def test_too_small_a_market_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 50"):
        generate_market(tmp_path, sessions=SESSIONS, symbols=10)
    with pytest.raises(ValueError, match="too few"):
        generate_market(tmp_path, sessions=SESSIONS[:6])
    assert list(tmp_path.iterdir()) == []


def test_daylight_saving_changes_within_the_sessions() -> None:
    """The market of these tests crosses it, so what holds above holds across it."""
    assert datetime.fromtimestamp(SESSIONS[0].open / 1e6, UTC).hour == 14
    assert datetime.fromtimestamp(LAST.open / 1e6, UTC).hour == 13
