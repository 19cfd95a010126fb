"""The demo from the first command to its hits, against a computation by TA-Lib and plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from symscan.cli.commands.demo import play_demo
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE
from symscan.runs.reading import RunFiles

Hit = tuple[int, str, str]
"""Minutes since the open, scanner, symbol."""


@dataclass(frozen=True)
class Known:
    """What is known of a symbol at a minute; NaN is unknown."""

    change: float
    volume: float
    close: float
    vwap: float
    age: int
    rsi: float
    ratio: float


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "demo"
    play_demo(folder=made, symbols=300, seed=7)
    return made


@pytest.fixture(scope="module")
def hits(folder: Path) -> pl.DataFrame:
    return RunFiles.open(folder / "run").read("hits")


def test_every_hit_of_the_session_is_as_computed_elsewhere(folder: Path, hits: pl.DataFrame) -> None:
    day = hits["session"][0]
    opened = SessionCalendar().session(day).open
    regular = hits.filter(pl.col("phase") != "pre_session").with_columns(
        minute=(pl.col("scan_at").dt.epoch("us") - opened) // MINUTE
    )
    got = set(regular.select("minute", "scanner", "symbol").iter_rows())
    assert len(got) > 500
    assert got == _expected(folder, day, opened)


def test_pre_session_hits_are_the_news(folder: Path, hits: pl.DataFrame) -> None:
    """Half a million shares before the open trade only where there is news, and there prices are far off."""
    day = hits["session"][0]
    opened = SessionCalendar().session(day).open
    bars = pl.read_parquet(folder / "bars" / f"generated_1m_{day}.parquet")
    early = bars.filter(pl.col("ts").dt.epoch("us") < opened).sort("ts").group_by("symbol")
    last = early.agg(pl.col("close").last(), pl.col("volume").sum(), pl.col("ts").last())
    previous = _previous_closes(folder, day)
    changes = {
        symbol: 100 * (close / previous[symbol] - 1)
        for symbol, close, volume, start in last.iter_rows()
        if volume >= 500_000 and opened - start.timestamp() * 1e6 <= 6 * MINUTE
    }
    expected = sorted(
        (s for s, change in changes.items() if abs(change) >= 2), key=lambda s: -abs(changes[s])
    )
    assert len(expected) >= 2
    assert hits.filter(pl.col("phase") == "pre_session")["symbol"].to_list() == expected


def _expected(folder: Path, day: date, opened: int) -> set[Hit]:
    files = sorted((folder / "bars").glob("generated_1m_*.parquet"))
    # All sessions with minutes open at the same hour of UTC: the demo's day lies in winter.
    minute = (pl.col("ts").dt.epoch("us") - opened) // MINUTE
    bars = pl.read_parquet(files).with_columns(day=pl.col("ts").dt.date(), minute=minute % (24 * 60))
    regular = bars.filter(pl.col("minute") < 390).sort("symbol", "ts")
    universe = pl.read_csv(folder / "data" / "universes" / "demo_market.csv", comment_prefix="#")
    sectors = dict(universe.select("symbol", "sector").iter_rows())
    previous = _previous_closes(folder, day)
    found: set[Hit] = set()
    leaders: dict[int, list[tuple[float, str]]] = {}
    for (name,), own in regular.group_by("symbol", maintain_order=True):
        symbol = str(name)
        for mark, known in _history(own, day, previous.get(symbol, np.nan)):
            if mark <= 385 and abs(known.change) >= 2 and known.volume >= 500_000 and known.age <= 5:
                found.add((mark, "gap_scanner", symbol))
            if mark % 15 == 0 and known.rsi >= 70 and known.ratio >= 2:
                found.add((mark, "momentum_scanner", symbol))
            strong = known.close > known.vwap and known.change > 1 and known.rsi > 60
            if mark % 30 == 0 and mark <= 360 and strong and sectors[symbol] == "Financials":
                leaders.setdefault(mark, []).append((-known.change, symbol))
    for mark, candidates in leaders.items():
        found |= {(mark, "strong_financials", symbol) for _, symbol in sorted(candidates)[:5]}
    return found


def _previous_closes(folder: Path, day: date) -> dict[str, float]:
    days = pl.read_parquet(folder / "bars" / "generated_1d.parquet")
    before = days.filter(pl.col("date") < day)["date"].max()
    return dict(days.filter(pl.col("date") == before).select("symbol", "close").iter_rows())


def _history(bars: pl.DataFrame, day: date, previous: float) -> Iterator[tuple[int, Known]]:
    """What is known of a symbol at every fifth minute, from its first bar of that day on."""
    fives = bars.group_by("day", window=pl.col("minute") // 5, maintain_order=True).agg(
        pl.col("close").last(), pl.col("volume").sum().cast(pl.Float64)
    )
    volumes, ratio = fives["volume"].to_numpy(), np.full(len(fives), np.nan)
    rsi = talib.RSI(fives["close"].to_numpy(), 14)
    if len(volumes) > 20:
        ratio[1:] = volumes[1:] / talib.SMA(volumes, 20)[:-1]
    is_today, windows = (fives["day"] == day).to_numpy(), fives["window"].to_numpy()
    today = bars.filter(pl.col("day") == day)
    minutes, volume = today["minute"].to_numpy(), np.cumsum(today["volume"].to_numpy())
    turnover = np.cumsum(((today["high"] + today["low"] + today["close"]) / 3 * today["volume"]).to_numpy())
    for mark in range(5, 391, 5):
        at, complete = np.searchsorted(minutes, mark) - 1, np.flatnonzero(is_today & (windows < mark // 5))
        if at < 0:
            continue
        close = today["close"][int(at)]
        yield (
            mark,
            Known(
                change=100 * (close / previous - 1),
                volume=volume[at],
                close=close,
                vwap=turnover[at] / volume[at],
                age=mark - (minutes[at] + 1),
                rsi=rsi[complete[-1]],
                ratio=ratio[complete[-1]],
            ),
        )
