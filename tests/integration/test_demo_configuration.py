"""The demo's configuration beside the market it is meant for."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import ScannerConfig, SessionConfig, load_config
from symscan.demo.market import UNIVERSE_NAME, GeneratedMarket, generate_market
from symscan.scanners.builtin import gap, momentum
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner
from symscan.scanners.universe import load_universe

CONFIG = Path(str(files("symscan.cli") / "demo.json"))
DAY = date(2025, 3, 20)


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


def test_its_screen_names_the_sector_that_rallies(config: SessionConfig, market: GeneratedMarket) -> None:
    (rally,) = (event for event in market.events if event.kind == "sector rally")
    screen = _screen(config).screen
    assert screen is not None and "sector = 'Financials'" in screen.where
    assert "Financials" in rally.text
