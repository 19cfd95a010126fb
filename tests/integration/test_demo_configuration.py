"""The demo's configuration beside the market it is meant for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
import talib

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import ScannerConfig, SessionConfig, load_config
from symscan.model.instant import MINUTE
from symscan.scanners.builtin import gap, momentum
from symscan.scanners.screen import Screen, ScreenScanner
from symscan.scanners.universe import load_universe
from symscan.sources.generator import UNIVERSE_NAME, GeneratedMarket, generate_market

CONFIG = Path(__file__).parents[2] / "session_configs" / "demo.json"
DAY = date(2025, 3, 20)  # its minutes all lie in summer time


@pytest.fixture(scope="module")
def config() -> SessionConfig:
    return load_config(CONFIG)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> GeneratedMarket:
    calendar = SessionCalendar()
    sessions = [*calendar.previous(DAY, 65), calendar.session(DAY)]
    return generate_market(tmp_path_factory.mktemp("demo"), sessions=sessions)


def _screen(config: SessionConfig) -> ScannerConfig:
    (screen,) = (scanner for scanner in config.scanners if scanner.screen)
    return screen


def test_it_shows_every_kind_of_scanner(config: SessionConfig) -> None:
    modules = [scanner.module for scanner in config.scanners]
    assert modules == ["scanners.gap_scanner", "scanners.momentum", None]
    assert [scanner.pre_session for scanner in config.scanners] == [True, False, False]


def test_it_asks_for_the_generated_market_only(config: SessionConfig, market: GeneratedMarket) -> None:
    universe = load_universe(UNIVERSE_NAME, [market.universe_folder])
    assert len(config.symbols) == 2 and set(config.symbols) <= set(universe.symbols)
    asked = [
        scanner.screen.universe if scanner.screen else scanner.config["universe"]
        for scanner in config.scanners
    ]
    assert set(asked) == {UNIVERSE_NAME}


def test_its_scanners_pass_their_checks(config: SessionConfig, market: GeneratedMarket) -> None:
    screen = _screen(config).screen
    assert screen is not None
    scanners = [
        gap.Scanner(config.scanners[0].config),
        momentum.Scanner(config.scanners[1].config),
        ScreenScanner.of(Screen(screen.where, screen.rank, screen.take), screen.universe),
    ]
    for scanner in scanners:
        scanner.use_folders([market.universe_folder])
        scanner.check()


def test_its_screen_meets_the_sector_that_rallies(config: SessionConfig, market: GeneratedMarket) -> None:
    """Nothing to two symbols before the rally, several after it, by TA-Lib and polars."""
    rally = next(event for event in market.events if event.kind == "sector rally")
    screen = _screen(config).screen
    assert screen is not None and "sector = 'Financials'" in screen.where
    assert "Financials" in rally.text
    rsi, session = _rsi_at_marks(market, rally.symbols), market.session
    start = (rally.at - session.open) // MINUTE
    found = {mark: _found(market, rsi, rally.symbols, mark) for mark in range(30, 361, 30)}
    assert max(len(symbols) for mark, symbols in found.items() if mark <= start) <= 5
    assert max(len(symbols) for mark, symbols in found.items() if mark > start) >= 5


def _minutes(market: GeneratedMarket, symbols: tuple[str, ...]) -> pl.DataFrame:
    """The regular 1m bars of some symbols, with the UTC date and the 5m window of the day they lie in."""
    bars = pl.read_parquet(list(market.files["1m"])).filter(pl.col("symbol").is_in(symbols))
    bars = bars.with_columns(at=pl.col("ts").dt.epoch("us"), date=pl.col("ts").dt.date())
    minute = (pl.col("at") - market.session.open) // MINUTE % (24 * 60)
    return bars.with_columns(minute=minute).filter(pl.col("minute") < 390).sort("symbol", "at")


def _rsi_at_marks(market: GeneratedMarket, symbols: tuple[str, ...]) -> dict[tuple[str, int], float]:
    """rsi_14_5m of the last session by symbol and minutes since the open."""
    bars = _minutes(market, symbols).group_by(
        "symbol", "date", window=pl.col("minute") // 5, maintain_order=True
    )
    fives = bars.agg(pl.col("close").last())
    found = {}
    for (symbol,), own in fives.group_by("symbol", maintain_order=True):
        values = talib.RSI(own["close"].to_numpy(), 14)
        for day, window, value in zip(own["date"], own["window"], values, strict=True):
            if day == market.session.date:
                found[str(symbol), (window + 1) * 5] = value
    return found


def _found(
    market: GeneratedMarket, rsi: dict[tuple[str, int], float], symbols: tuple[str, ...], mark: int
) -> list[str]:
    """Who meets the screen's condition at a minute of the last session."""
    days = pl.read_parquet(list(market.files["1d"]))
    dates = days["date"].unique().sort()
    previous = dict(days.filter(pl.col("date") == dates[-2]).select("symbol", "close").iter_rows())
    typical = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
    so_far = (
        _minutes(market, symbols)
        .filter(pl.col("date") == market.session.date, pl.col("minute") < mark)
        .group_by("symbol", maintain_order=True)
        .agg(pl.col("close").last(), vwap=(typical * pl.col("volume")).sum() / pl.col("volume").sum())
    )
    return [
        symbol
        for symbol, close, vwap in so_far.iter_rows()
        if close > vwap and close / previous[symbol] > 1.01 and rsi.get((symbol, mark), 0) > 60
    ]
