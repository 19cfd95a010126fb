"""Every hit of the built-in scanners, in order, against polars over raw bars: splits, half days and holes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.generated_market import DATES, SPLITS, UNIVERSE, Day, Market, make_market
from support.runs import Run, make_store, play

DAYS = (date(2018, 11, 26), date(2018, 11, 27))
"""The first after a half day; both have splits in their history."""

TIMES = range(1, 390, 29)
"""Minutes since the open of the scans: most of them lie within a five-minute bar."""

SECTORS = {symbol: ("Tech", "Energy", "", "Utilities")[place % 4] for place, symbol in enumerate(UNIVERSE)}

CONFIGS: dict[str, dict[str, Any]] = {
    "volume": {"sessions": 6, "min_ratio": 1.2},
    "sector_rotation": {"sessions": 3, "top_sectors": 2, "leaders": 3},
    "opening_range_breakout": {"range_minutes": 30},
    "new_high": {"sessions": 5},
    "vwap_cross": {},
    "momentum": {"baseline": "time_of_day", "baseline_sessions": 6, "min_rsi": 0.0, "min_volume_ratio": 1.5},
    "premarket_movers": {"min_change_percent": 2.0, "min_volume": 100.0},
}


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market()


@pytest.fixture(scope="module")
def run(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("builtin")
    store = make_store(folder, {"1m": market.minutes, "1d": market.days}, SPLITS)
    lines = [f"{symbol},{sector}" for symbol, sector in SECTORS.items()]
    (folder / "u.csv").write_text("\n".join(["symbol,sector", *lines]))
    window = {"start": "09:31", "end": "15:59", "interval": "29m"}
    scanners = [
        {
            "name": name,
            "module": name,
            "config": {"universe": str(folder / "u.csv"), **config},
            "regular_session": [window],
            "add_symbols": False,
        }
        for name, config in CONFIGS.items()
    ]
    scanners[-1]["pre_session"] = True
    return play(folder, scanners, store, *DAYS)


class Bars:
    """The raw bars on the price basis of one day; ``at`` is minutes since the open, at a bar's start."""

    def __init__(self, market: Market, day: date) -> None:
        self.day = day
        self.before = DATES[: DATES.index(day)][::-1]
        opens = {one: Day.of(one).open for one in DATES}
        of_day = pl.col("ts").dt.convert_time_zone("America/New_York").dt.date()
        minutes = market.minutes.with_columns(date=of_day).with_columns(
            at=(pl.col("ts").dt.epoch("us") - pl.col("date").replace_strict(opens)) // 60_000_000
        )
        self.minutes = _on_basis(minutes, day).sort("symbol", "date", "at")
        length = pl.col("date").replace_strict({one: Day.of(one).minutes for one in DATES})
        self.regular = self.minutes.filter(pl.col("at") >= 0, pl.col("at") < length)
        self.today = self.regular.filter(pl.col("date") == day)
        stored = _on_basis(market.days, day).filter(pl.col("date") < day)
        self.days = pl.concat([stored, _made_of(self.regular, stored).filter(pl.col("date") < day)])
        last = self.regular.filter(pl.col("date") == self.before[0]).group_by("symbol").agg(pl.last("close"))
        daily = self.days.filter(pl.col("date") == self.before[0]).select("symbol", previous="close")
        same_basis = (pl.col("close") / pl.col("previous") - 1).abs() <= 0.03
        self.mismatched = daily.join(last, on="symbol").filter(~same_basis)["symbol"].to_list()
        self.previous = daily.filter(~pl.col("symbol").is_in(self.mismatched))

    def until(self, time: int) -> pl.DataFrame:
        return self.today.filter(pl.col("at") < time)

    def fresh(self, time: int) -> pl.DataFrame:
        """Last price of each symbol whose last bar ended at most five minutes ago."""
        last = self.until(time).group_by("symbol").agg(pl.last("close", "at"))
        return last.filter(time - (pl.col("at") + 1) <= 5).select("symbol", "close")

    def earlier(self, sessions: int) -> pl.DataFrame:
        """Full days among the sessions before."""
        full = [one for one in self.before[:sessions] if Day.of(one).minutes == 390]
        return self.regular.filter(pl.col("date").is_in(full))


def _made_of(regular: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Daily bars of the minutes of those symbols and dates that have none stored."""
    fields = (pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
    made = regular.group_by("symbol", "date", maintain_order=True).agg(*fields)
    return made.join(stored, on=["symbol", "date"], how="anti").select(stored.columns)


def _on_basis(bars: pl.DataFrame, day: date) -> pl.DataFrame:
    factor = pl.lit(1.0)
    for symbol, ex_date, ratio in SPLITS:
        older = (pl.col("symbol") == symbol) & (pl.col("date") < ex_date) & pl.lit(ex_date <= day)
        factor = factor * pl.when(older).then(ratio).otherwise(1.0)
    prices = [pl.col(name) / factor for name in ("open", "high", "low", "close")]
    return bars.with_columns(*prices, pl.col("volume") * factor)


def _ranked(frame: pl.DataFrame, rank: pl.Expr) -> list[str]:
    return frame.sort(rank, "symbol", descending=[True, False])["symbol"].to_list()


def volume(bars: Bars, time: int) -> list[str]:
    def so_far(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("at") < time).group_by("symbol", "date").agg(pl.sum("volume"))

    usual = so_far(bars.earlier(6)).group_by("symbol").agg(usual=pl.mean("volume"), known=pl.len())
    ratio = pl.col("volume") / pl.col("usual")
    found = so_far(bars.today).join(usual.filter(pl.col("known") >= 5), on="symbol")
    return _ranked(found.filter(ratio >= 1.2).join(bars.fresh(time), on="symbol"), ratio)


def opening_range_breakout(bars: Bars, time: int) -> list[str]:
    first = bars.today.filter(pl.col("at") < 30).group_by("symbol")
    ranges = first.agg(high=pl.max("high"), low=pl.min("low"), bars=pl.len()).filter(pl.col("bars") >= 15)
    later = bars.until(time).filter(pl.col("at") >= 30).select("symbol", broke="close")
    broken = (pl.col("broke") > pl.col("high")) | (pl.col("broke") < pl.col("low"))
    found = (
        later.join(ranges, on="symbol").filter(broken).unique("symbol").join(bars.fresh(time), on="symbol")
    )
    beyond = pl.max_horizontal(pl.col("close") / pl.col("high") - 1, 1 - pl.col("close") / pl.col("low"))
    return _ranked(found, beyond) if time >= 30 else []


def new_high(bars: Bars, time: int) -> list[str]:
    earlier = bars.days.filter(pl.col("date").is_in(bars.before[:5])).group_by("symbol")
    highest = earlier.agg(highest=pl.max("high"), known=pl.len()).filter(pl.col("known") == 5)
    today = bars.until(time).group_by("symbol").agg(pl.max("high")).join(bars.fresh(time), on="symbol")
    found = today.join(highest, on="symbol").filter(pl.col("high") > pl.col("highest"))
    found = found.filter(~pl.col("symbol").is_in(bars.mismatched))
    return _ranked(found, pl.col("high") / pl.col("highest"))


def vwap_cross(bars: Bars, time: int) -> list[str]:
    money = pl.mean_horizontal("high", "low", "close") * pl.col("volume")
    vwap = (money.cum_sum() / pl.col("volume").cum_sum()).over("symbol")
    fives = bars.today.with_columns(vwap=vwap, five=pl.col("at") // 5).filter(pl.col("five") < time // 5)
    fives = fives.group_by("symbol", "five", maintain_order=True).agg(pl.last("close", "vwap"))
    side = (pl.col("close") - pl.col("vwap")).sign()
    fives = fives.with_columns(side=side, before=side.shift().over("symbol"))
    last = fives.group_by("symbol", maintain_order=True).last()
    found = last.filter(pl.col("side") * pl.col("before") < 0).join(
        bars.fresh(time), on="symbol", suffix="_now"
    )
    return _ranked(found, (pl.col("close") / pl.col("vwap") - 1).abs())


def momentum(bars: Bars, time: int) -> list[str]:
    def fives(frame: pl.DataFrame) -> pl.DataFrame:
        five = (pl.col("at") // 5).alias("five")
        return frame.group_by("symbol", "date", five).agg(pl.sum("volume")).sort("symbol", "five")

    usual = fives(bars.earlier(6)).group_by("symbol", "five").agg(usual=pl.mean("volume"), known=pl.len())
    complete = fives(bars.today).filter(pl.col("five") < time // 5)
    last = complete.group_by("symbol", maintain_order=True).last()
    found = last.join(usual.filter(pl.col("known") >= 5), on=["symbol", "five"])
    return sorted(found.filter(pl.col("volume") / pl.col("usual") >= 1.5)["symbol"])


def sector_rotation(bars: Bars, time: int) -> list[str]:
    dates = bars.before[:4]
    earlier = bars.days.filter(pl.col("date").is_in(dates)).sort("date").group_by("symbol")
    base = earlier.agg(base=pl.first("close"), known=pl.len()).filter(pl.col("known") == 4)
    last = bars.until(time).group_by("symbol").agg(pl.last("close"))
    found = (
        last.join(base, on="symbol")
        .filter(~pl.col("symbol").is_in(bars.mismatched))
        .with_columns(sector=pl.col("symbol").replace_strict(SECTORS), gain=pl.col("close") / pl.col("base"))
        .filter(pl.col("sector") != "")
        .with_columns(mean=pl.mean("gain").over("sector"), members=pl.len().over("sector"))
        .filter(pl.col("members") >= 5)
    )
    best = found.unique("sector").sort("mean", descending=True)["sector"].to_list()[:2]
    return [symbol for one in best for symbol in _ranked(found.filter(sector=one), pl.col("gain"))[:3]]


def premarket_movers(bars: Bars, time: int) -> list[str]:
    """At the open the last pre-market price; after it the open's, and any symbol that still trades."""
    before = bars.minutes.filter(pl.col("date") == bars.day, pl.col("at") < 0).group_by("symbol")
    found = before.agg(pl.last("close", "at"), pl.sum("volume")).filter(pl.col("volume") >= 100)
    fresh = found.filter(-(pl.col("at") + 1) <= 15)
    if time > 0:
        last = bars.until(time).group_by("symbol").agg(pl.last("at"), pl.first("open").alias("close"))
        still = last.filter(time - (pl.col("at") + 1) <= 15).select("symbol", "close")
        fresh = found.drop("close").join(still, on="symbol")
    size = (pl.col("close") / pl.col("previous") - 1).abs()
    return _ranked(fresh.join(bars.previous, on="symbol").filter(size >= 0.02), size)


ORACLES: dict[str, Callable[[Bars, int], list[str]]] = {
    "volume": volume,
    "sector_rotation": sector_rotation,
    "opening_range_breakout": opening_range_breakout,
    "new_high": new_high,
    "vwap_cross": vwap_cross,
    "momentum": momentum,
    "premarket_movers": premarket_movers,
}


@cache
def _bars(day: date) -> Bars:
    return Bars(make_market(), day)


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("name", CONFIGS)
def test_finds_exactly_what_the_raw_bars_say(run: Run, name: str, day: date) -> None:
    hits = run.hits.filter(scanner=name, session=str(day)).sort("scan_at", "rank")
    found = dict(hits.group_by("scan_at").agg("symbol").iter_rows())
    times = [0, *TIMES] if name == "premarket_movers" else list(TIMES)
    expected = {Day.of(day).iso(time): ORACLES[name](_bars(day), time) for time in times}
    if name == "momentum":  # ranked by RSI
        found = {at: sorted(symbols) for at, symbols in found.items()}
    assert found == {at: symbols for at, symbols in expected.items() if symbols}
    assert len(found) > 3, "the market gives it something to find"


def test_too_few_full_days_are_unknown(market: Market, tmp_path: Path) -> None:
    """Of the five sessions before the 26th one is a half day, which leaves four."""
    store = make_store(tmp_path, {"1m": market.minutes})
    (tmp_path / "u.txt").write_text("LIQ00\nLIQ01\n")
    config = {"universe": str(tmp_path / "u.txt"), "min_ratio": 0.0}
    scanners = [
        {"name": str(n), "module": "volume", "config": {**config, "sessions": n}, "pre_session": False}
        | {"schedule": {"start_time": "12:00", "end_time": "12:00"}}
        for n in (5, 6)
    ]
    run = play(tmp_path, scanners, store, DAYS[0])
    assert set(run.hits["scanner"].cast(pl.String)) == {"6"}
    assert set(run.table("unknown").select("symbol", "reason").iter_rows()) == {
        ("LIQ00", "warming"),
        ("LIQ01", "warming"),
    }
