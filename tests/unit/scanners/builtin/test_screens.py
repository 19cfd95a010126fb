"""The built-in screens over values made by hand: who is a hit, who is unknown, in which order."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from symscan.runtime.building.plugins import SCANNERS
from symscan.scanners.base import BaseScanner
from symscan.scanners.builtin import new_high, opening_range_breakout, premarket_movers, volume, vwap_cross

nan = np.nan
Session = Callable[..., Any]
SYMBOLS = ("AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "META", "TSLA", "JPM")  # test_universe
USUAL = {
    "close": [10.0] * 8,
    "high": [11.0] * 8,
    "volume": [1e6] * 8,
    "change_pct": [1.0] * 8,
    "minutes_since_bar": [0.0] * 7 + [6.0],
}


def found(scanner: type[BaseScanner], session: Session, columns: Any, **config: Any) -> list[list[str]]:
    """The hits, and the symbols that are unknown."""
    context = session(SYMBOLS, **{**USUAL, **columns})
    made: Any = scanner({"universe": "test_universe", **config})
    made.check()
    made.setup(context)
    result = made.scan(context)
    return [
        list(result.symbols),
        [symbol for symbol, unknown in zip(SYMBOLS, result.unknown, strict=True) if unknown],
    ]


@pytest.mark.parametrize("name", SCANNERS.builtin_names())
def test_every_built_in_has_parameters_with_defaults_and_descriptions(name: str) -> None:
    module = import_module(f"symscan.scanners.builtin.{name}")
    params = module.Scanner.params
    assert module.__doc__ and module.Scanner.__doc__
    assert params is getattr(module, "".join(map(str.capitalize, name.split("_"))) + "Params")
    assert params().universe == "sp500"
    assert all(field.description for field in params.model_fields.values())
    assert params.model_config["extra"] == "forbid" and params.model_config["strict"]
    with pytest.raises(ValidationError, match="extra"):
        params(unheard_of=1)


VOLUMES = {
    "relative_volume_10_1m.ratio": [2, 1.9, 3, nan, 9, 2, 4, 8],
    "relative_volume_10_1m.typical": [1e6] * 8,
}


@pytest.mark.parametrize(
    ("config", "hits"),
    [
        ({}, ["AMZN", "TSLA", "NVDA", "AAPL", "META"]),
        ({"min_ratio": 3}, ["AMZN", "TSLA", "NVDA"]),
        ({"min_price": 10.5}, []),
        ({"min_volume": 1_000_001}, []),
        ({"max_age_minutes": None}, ["AMZN", "JPM", "TSLA", "NVDA", "AAPL", "META"]),
    ],
)
def test_volume(session: Session, config: dict[str, Any], hits: list[str]) -> None:
    assert found(volume.Scanner, session, VOLUMES, **config)[0] == hits


def test_volume_is_unknown_without_a_profile_or_with_an_old_bar(session: Session) -> None:
    assert found(volume.Scanner, session, VOLUMES)[1] == ["GOOGL", "JPM"]


RANGES = {
    "opening_range_15_1m.high": [9, 9.9, 12, nan, 10.5, 9, 11, 9],
    "opening_range_15_1m.low": [8, 8, 11, nan, 9, 8, 10.5, 8],
    "opening_range_15_1m.up": [1, 1, 0, nan, 0, 1, 1, 1],
    "opening_range_15_1m.down": [0, 0, 1, nan, 0, 0, 1, 0],
    "opening_range_15_1m.minutes_since_up": [5, 0, nan, nan, nan, 30, 40, 0],
    "opening_range_15_1m.minutes_since_down": [nan, nan, 4, nan, nan, nan, 2, nan],
}


@pytest.mark.parametrize(
    ("config", "hits"),
    [
        ({}, ["AAPL", "META", "NVDA", "TSLA", "MSFT"]),
        ({"direction": "up"}, ["AAPL", "META", "MSFT", "TSLA"]),
        ({"direction": "down"}, ["NVDA", "TSLA"]),
        ({"max_minutes_since_break": 5}, ["AAPL", "NVDA", "TSLA", "MSFT"]),
        ({"max_minutes_since_break": 5, "direction": "up"}, ["AAPL", "MSFT"]),
        ({"min_volume": 2e6}, []),
    ],
)
def test_opening_range_breakout(session: Session, config: dict[str, Any], hits: list[str]) -> None:
    assert found(opening_range_breakout.Scanner, session, RANGES, **config)[0] == hits


@pytest.mark.parametrize("config", [{}, {"max_minutes_since_break": 5.0}, {"direction": "down"}])
def test_no_break_is_known(session: Session, config: dict[str, Any]) -> None:
    assert found(opening_range_breakout.Scanner, session, RANGES, **config)[1] == ["GOOGL", "JPM"]


HIGHS = {
    "highest_252_1d": [10.9, 11, 5, nan, 12, 10, 10, 1],
    "highest_1_1m": [11, 11, 10, 11, nan, 11, 10.9, 11],
}


@pytest.mark.parametrize(
    ("config", "hits", "unknown"),
    [
        ({}, ["NVDA", "META", "TSLA", "AAPL"], ["GOOGL", "JPM"]),
        ({"at_day_high": True}, ["META", "AAPL"], ["GOOGL", "JPM"]),
        ({"sessions": 0}, ["AAPL", "GOOGL", "META", "MSFT"], ["AMZN", "JPM"]),
        ({"min_price": 20}, [], ["JPM"]),
    ],
)
def test_new_high(session: Session, config: dict[str, Any], hits: list[str], unknown: list[str]) -> None:
    assert found(new_high.Scanner, session, HIGHS, **config) == [hits, unknown]


CROSSES = {
    "vwap_cross_5_1m.cross": [1, -1, 0, nan, 1, -1, 1, 1],
    "vwap_cross_5_1m.close": [101, 98, 150, nan, 100.5, 99.9, 103, 110],
    "vwap_cross_5_1m.vwap": [100] * 8,
    "vwap_cross_5_1m.close_before": [99, 101, 99, nan, 99, 101, 99, 99],
    "vwap_cross_5_1m.vwap_before": [100] * 8,
}


@pytest.mark.parametrize(
    ("config", "hits"),
    [
        ({}, ["TSLA", "MSFT", "AAPL", "AMZN", "META"]),
        ({"direction": "up"}, ["TSLA", "AAPL", "AMZN"]),
        ({"direction": "down"}, ["MSFT", "META"]),
        ({"min_distance_percent": 0.9}, ["TSLA", "MSFT", "AAPL"]),
    ],
)
def test_vwap_cross(session: Session, config: dict[str, Any], hits: list[str]) -> None:
    assert found(vwap_cross.Scanner, session, CROSSES, **config) == [hits, ["GOOGL", "JPM"]]


MOVES = {
    "gap_pct": [3, -5, 2.9, nan, 8, 4, -3.5, 9],
    "premarket_volume": [5e4, 6e4, 9e9, 9e9, nan, 49_999, 1e5, 1e6],
    "previous_close": [9.0] * 8,
    "premarket_high": [12.0] * 8,
    "premarket_low": [8.0] * 8,
    "minutes_since_bar": [0, 15, 0, 0, 0, 0, 0, 16],
}


@pytest.mark.parametrize(
    ("config", "hits"),
    [
        ({}, ["MSFT", "TSLA", "AAPL"]),
        ({"direction": "up"}, ["AAPL"]),
        ({"direction": "down"}, ["MSFT", "TSLA"]),
        ({"min_change_percent": 4}, ["MSFT"]),
        ({"min_volume": 60_000}, ["MSFT", "TSLA"]),
        ({"max_age_minutes": 14.0}, ["TSLA", "AAPL"]),
    ],
)
def test_premarket_movers(session: Session, config: dict[str, Any], hits: list[str]) -> None:
    assert found(premarket_movers.Scanner, session, MOVES, **config)[0] == hits


def test_premarket_movers_without_a_premarket_trade_are_unknown(session: Session) -> None:
    assert found(premarket_movers.Scanner, session, MOVES)[1] == ["GOOGL", "AMZN", "JPM"]


@pytest.mark.parametrize(
    ("scanner", "config"),
    [
        (volume, {"sessions": 4}),
        (volume, {"min_ratio": "2"}),
        (opening_range_breakout, {"range_minutes": 4}),
        (opening_range_breakout, {"range_minutes": 15.0}),
        (new_high, {"sessions": -1}),
        (new_high, {"at_day_high": 1}),
        (vwap_cross, {"bar_minutes": 7}),
        (premarket_movers, {"direction": "sideways"}),
    ],
)
def test_refuses(scanner: Any, config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        scanner.Scanner.params(**config)


def test_parameters_choose_the_indicator(session: Session) -> None:
    screens = {
        volume: {"sessions": 20},
        opening_range_breakout: {"range_minutes": 30},
        new_high: {"sessions": 20},
        vwap_cross: {"bar_minutes": 15},
    }
    asked = []
    for module, config in screens.items():
        context = session(SYMBOLS)
        module.Scanner({"universe": "test_universe", **config}).setup(context)
        asked.append({key.split(".")[0] for _, key in context.session_data.asked})
    assert asked == [
        {"relative_volume_20_1m"},
        {"opening_range_30_1m"},
        {"highest_20_1d"},
        {"vwap_cross_15_1m"},
    ]
