"""A small market that holds every difficulty at once; made of plain random walks, labelled by what is odd."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

NEW_YORK = ZoneInfo("America/New_York")
HALF_DAYS = (date(2018, 11, 23),)
DATES = [date(2018, 11, day) for day in (12, 13, 14, 15, 16, 19, 20, 21, 23, 26, 27)]

LIQUID = tuple(f"LIQ{number:02d}" for number in range(14))
THIN = tuple(f"THN{number:02d}" for number in range(6))
ODD = ("SPLT", "REVS", "HALT", "STOP", "NEWC", "NODAY", "BASIS", "GONE", "RARE")
UNIVERSE = (*ODD, *LIQUID, "NOTIN", *THIN)
"""Not in the order of the alphabet; NOTIN is in no store."""

SPLITS = [
    ("SPLT", date(2018, 11, 15), 2.0),
    ("SPLT", date(2018, 11, 23), 4.0),
    ("REVS", date(2018, 11, 26), 0.1),
]


READINGS = (
    *("open", "high", "low", "close", "volume", "vwap", "minutes_since_bar", "previous_close"),
    *("change_pct", "gap_pct", "premarket_volume", "premarket_high", "premarket_low"),
)
ANY = "COALESCE(close, 1) > 0"
"""A condition that every symbol meets."""


@dataclass(frozen=True)
class Day:
    """One session, known without the project's calendar: UTC microseconds."""

    date: date
    pre_open: int
    open: int
    close: int

    @staticmethod
    def of(day: date) -> Day:
        times = (time(4), time(9, 30), time(13) if day in HALF_DAYS else time(16))
        moments = [datetime.combine(day, one, NEW_YORK).astimezone(UTC) for one in times]
        return Day(day, *(round(moment.timestamp()) * 1_000_000 for moment in moments))

    @property
    def minutes(self) -> int:
        return (self.close - self.open) // 60_000_000

    def iso(self, minute: int) -> str:
        """A minute after the open, as written."""
        moment = datetime.fromtimestamp(self.open / 1e6, UTC) + timedelta(minutes=minute)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Market:
    """Raw bars: ``symbol, ts`` (UTC start) or ``date``, ``open, high, low, close, volume``."""

    minutes: pl.DataFrame
    days: pl.DataFrame


def make_market(dates: list[date] = DATES, symbols: tuple[str, ...] = UNIVERSE, seed: int = 5) -> Market:
    random = np.random.default_rng(seed)
    minutes, days = [], []
    for place, symbol in enumerate(one for one in symbols if one != "NOTIN"):
        price = 20.0 + 9.0 * place
        for index, day in enumerate(Day.of(one) for one in dates):
            price *= 1.0 + random.choice([0.0, 0.01, -0.01, 0.03, -0.03, 0.05])
            for split, ex_date, ratio in SPLITS:
                price /= ratio if (split, ex_date) == (symbol, day.date) else 1.0
            bars, price = _bars(random, symbol, day, price)
            if symbol == "NEWC" and index < len(dates) - 2:
                continue
            if symbol == "GONE" and index >= len(dates) - 2:
                continue
            minutes.append(bars)
            if symbol != "NODAY":
                days.append(_daily(random, symbol, day, bars))
    return Market(pl.concat(minutes).filter(pl.col("symbol") != ""), pl.concat(days))


def _bars(random: np.random.Generator, symbol: str, day: Day, price: float) -> tuple[pl.DataFrame, float]:
    """A session's minutes with drifts and bursts; some symbols trade before and after hours too."""
    early = 330 if symbol[-1] in "0246T" else 0
    late = 30 if early else 0
    count = early + day.minutes + late
    drift = np.repeat(random.normal(0, 4e-4, count // 30 + 1), 30)[:count]
    burst = np.repeat(random.choice([1.0, 1.0, 1.0, 4.0], count // 15 + 1), 15)[:count]
    close = price * np.exp(np.cumsum(drift + random.normal(0, 8e-4, count)))
    opened = np.concatenate([[price], close[:-1]]) * np.exp(random.normal(0, 2e-4, count))
    high = np.maximum(opened, close) * (1 + random.exponential(2e-4, count))
    low = np.minimum(opened, close) * (1 - random.exponential(2e-4, count))
    volume = np.round(random.exponential(3000, count) * burst) * 10 + 10
    at = np.arange(count) - early  # minutes since the open
    volume[at < 0] = np.round(volume[at < 0] / 50) + 1
    trades = random.random(count) < {"THN": 0.15, "RAR": 0.02}.get(symbol[:3], 0.97)
    trades &= (at >= 0) & (at < day.minutes) | (random.random(count) < 0.1)
    trades &= ~((symbol == "HALT") & (at > 90) & (at < 200))
    trades &= ~((symbol == "STOP") & (day.date >= date(2018, 11, 23)) & (at > 70))
    start = (day.open + at * 60_000_000)[trades]
    fields = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    frame = pl.DataFrame(
        {"symbol": [symbol] * len(start), "ts": start, **{k: v[trades] for k, v in fields.items()}}
    )
    return frame.with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC"))), float(close[-1])


def _daily(random: np.random.Generator, symbol: str, day: Day, bars: pl.DataFrame) -> pl.DataFrame:
    """A daily row whose close is the auction's, a little off the last minute's; BASIS is on another basis."""
    start = pl.col("ts").dt.epoch("us")
    regular = bars.filter((start >= day.open) & (start < day.close))
    auction = float(np.exp(random.normal(0, 2e-3)))
    basis = 0.5 if symbol == "BASIS" else 1.0
    return regular.group_by("symbol").agg(
        pl.lit(day.date).alias("date"),
        pl.col("open").first() * basis,
        pl.col("high").max() * basis * 1.01,
        pl.col("low").min() * basis * 0.99,
        pl.col("close").last() * auction * basis,
        (pl.col("volume").sum() * 1.2).round(),
    )
