"""Both shapes of a configuration load and become one model."""

from __future__ import annotations

import json
import pickle
from datetime import date, time
from typing import Any

from support.configurations import FIRST_SHAPE
from symscan.clock.schedule import DAYS, Window
from symscan.config import ScreenConfig, SessionConfig, SymbolRequirements, parse_config
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.model.specs import IndicatorConfig, IndicatorSpec, IndicatorType


def of_scanners(*scanners: dict[str, Any], **data: Any) -> SessionConfig:
    return parse_config(json.dumps({"session_data_config": {**data, "scanners": scanners}}))


def test_the_first_shape() -> None:
    config = parse_config(FIRST_SHAPE, "session_config.json")

    assert config.name == "session_config"
    assert (config.mode, config.exchange, config.start_date) == ("backtest", "NYSE", None)
    assert config.symbols == ("AAPL", "MSFT")
    assert config.streams == (ONE_MINUTE,)
    gap, momentum = config.scanners
    assert (gap.name, gap.module, gap.screen) == ("gap_scanner", "scanners.gap_scanner", None)
    assert (gap.pre_session, gap.pre_session_windows) == (True, ())
    assert gap.regular_session == (Window(time(9, 35), time(15, 55), 5, DAYS[:5]),)
    assert gap.config == {
        "min_gap_percent": 2.0,
        "min_volume": 1000000,
        "max_price": 500.0,
        "universe": "sp500",
    }
    assert gap.symbol_requirements == SymbolRequirements((ONE_MINUTE, FIVE_MINUTES), 5)
    assert (gap.enabled, gap.required, gap.timeout_seconds, gap.add_symbols) == (True, False, 30, True)
    assert momentum.regular_session == (Window(time(9, 30), time(16), 15),)
    assert momentum.symbol_requirements == SymbolRequirements()
    assert not momentum.pre_session


def test_the_second_shape() -> None:
    config = of_scanners(
        {
            "module": "scanners.gap_scanner",
            "enabled": True,
            "pre_session": True,
            "regular_session": [
                {"start": "09:35", "end": "10:30", "interval": "5m"},
                {"start": "15:00", "end": "15:55", "interval": "15m", "days_of_week": ["Fri", "Mon"]},
            ],
            "config": {"universe": "sp500"},
        }
    )

    (gap,) = config.scanners
    assert gap.name == "gap_scanner"
    assert gap.regular_session == (
        Window(time(9, 35), time(10, 30), 5),
        Window(time(15), time(15, 55), 15, ("Mon", "Fri")),
    )


def test_the_shapes_mean_the_same() -> None:
    plan = {"interval": "5m", "start_time": "09:35", "end_time": "15:55"}
    window = {"interval": "5m", "start": "09:35", "end": "15:55"}

    first = of_scanners({"module": "m", "schedule": plan})
    second = of_scanners({"module": "m", "regular_session": [window]})

    assert first == second


def test_a_screen() -> None:
    config = of_scanners(
        {
            "name": "hot",
            "universe": "nasdaq100_sample",
            "where": "rsi_14_5m > 70",
            "rank": "rsi_14_5m",
            "take": 20,
            "show": ["sector", "close"],
            "max_age_minutes": 5,
            "regular_session": [{"start": "9:35", "end": "15:55", "interval": "5m"}],
            "required": True,
            "add_symbols": False,
        }
    )

    (hot,) = config.scanners
    assert hot.module is None
    assert hot.screen == ScreenConfig(
        "nasdaq100_sample", "rsi_14_5m > 70", "rsi_14_5m", 20, ("sector", "close"), 5.0
    )
    assert (hot.required, hot.add_symbols) == (True, False)
    assert hot.regular_session[0].start == time(9, 35)


def test_what_is_left_out() -> None:
    config = of_scanners({"name": "s", "where": "close > 1", "schedule": {}})

    (scanner,) = config.scanners
    assert scanner.screen == ScreenConfig("sp500", "close > 1")
    assert scanner.regular_session == (Window(None, None, 5),)
    assert scanner.timeout_seconds == 30
    assert config.symbols == config.indicators == ()
    assert config.streams == (ONE_MINUTE,)


def test_pre_session_windows() -> None:
    window = {"start": "08:00", "end": "09:30", "interval": "30m"}
    (scanner,) = of_scanners({"module": "m", "pre_session": [window]}).scanners

    assert scanner.pre_session_windows == (Window(time(8), time(9, 30), 30),)
    assert not scanner.pre_session
    assert scanner.regular_session == ()


def test_null_is_as_good_as_left_out() -> None:
    (scanner,) = of_scanners(
        {"module": "m", "name": None, "pre_session": True, "regular_session": None, "schedule": None}
    ).scanners

    assert scanner.name == "m"
    assert scanner.regular_session == ()


def test_history_that_is_not_to_be_loaded_is_not_asked_for() -> None:
    wish = {"load_historical": False, "historical_days": 5}
    (scanner,) = of_scanners({"module": "m", "pre_session": True, "symbol_requirements": wish}).scanners

    assert scanner.symbol_requirements.history_days == 0


def test_indicators_by_key_and_in_parts() -> None:
    parts = {"name": "sma", "type": "trend", "period": 20, "interval": "1d"}
    config = of_scanners(indicators=["rsi_14_5m", parts, {"name": "vwap", "params": {"x": 2.5}}])

    assert config.indicators == (
        IndicatorSpec.parse("rsi_14_5m"),
        IndicatorConfig("sma", IndicatorType.TREND, 20, "1d"),
        IndicatorConfig("vwap", None, 0, "1d", {"x": 2.5}),
    )


def test_streams_are_intervals() -> None:
    assert of_scanners(streams=["1m", "15m", "1h", "1d"]).streams == (
        ONE_MINUTE,
        Interval.parse("15m"),
        Interval.parse("1h"),
        ONE_DAY,
    )


def test_the_outermost_keys() -> None:
    values = {
        "$schema": "schema.json",
        "name": "first week",
        "mode": "live",
        "exchange": "LSE",
        "backtest_config": {"start_date": "2018-02-20", "end_date": "2018-02-23"},
        "session_data_config": {},
    }
    config = parse_config(json.dumps(values))

    assert (config.name, config.mode, config.exchange) == ("first week", "live", "LSE")
    assert (config.start_date, config.end_date) == (date(2018, 2, 20), date(2018, 2, 23))


def test_one_day_needs_one_date() -> None:
    values = {"backtest_config": {"start_date": "2018-02-20"}, "session_data_config": {}}

    assert parse_config(json.dumps(values)).end_date == date(2018, 2, 20)


def test_a_configuration_travels_to_another_process() -> None:
    config = parse_config(FIRST_SHAPE)

    copy = pickle.loads(pickle.dumps(config))

    assert copy == config
    assert copy.place("session_data_config.scanners[1]") == config.place("session_data_config.scanners[1]")
