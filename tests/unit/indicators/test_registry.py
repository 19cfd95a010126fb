from __future__ import annotations

from decimal import Decimal

import pytest

from symscan.errors import SpecError
from symscan.indicators.registry import create, definition, definitions, spec_of
from symscan.model.interval import FIVE_MINUTES
from symscan.model.specs import IndicatorConfig, IndicatorSpec, IndicatorType

NAMES = (
    "sma ema macd rsi roc atr bbands vwap volume_sma volume_ratio highest lowest "
    "relative_volume premarket_relative_volume same_bar_volume opening_range vwap_cross "
    "open high low close volume dollar_volume"
)


def test_all_are_registered() -> None:
    assert sorted(one.name for one in definitions()) == sorted(NAMES.split())


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (
            IndicatorConfig(name="sma", type=IndicatorType.TREND, period=1, interval="1d", params={}),
            "sma_1_1d",
        ),
        (IndicatorConfig(name="sma", period=20, interval="1d"), "sma_20_1d"),
        (IndicatorConfig("rsi", interval="5m"), "rsi_14_5m"),
        (IndicatorConfig("macd", interval="5m"), "macd_12_26_9_5m"),
        (IndicatorConfig("macd", None, 5, "5m", {"signal": 3}), "macd_5_26_3_5m"),
        (IndicatorConfig("macd", None, 0, "5m", {"fast": 5, "slow": "10"}), "macd_5_10_9_5m"),
        (IndicatorConfig("macd", None, 0, "5m", [5, 10]), "macd_5_10_9_5m"),  # type: ignore[arg-type]
        (IndicatorConfig("bbands", None, 20, "5m", {"deviations": 2.1}), "bbands_20_2p1_5m"),
        (IndicatorConfig("bbands", None, 20, "5m", {"period": 20.0}), "bbands_20_2_5m"),
        (IndicatorConfig("vwap", interval="1m"), "vwap_1m"),
    ],
)
def test_a_configuration_becomes_a_key_with_every_parameter(config: IndicatorConfig, key: str) -> None:
    assert spec_of(config).key == key
    assert spec_of(key) == spec_of(config)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("rsl_14_5m", "'rsl' is not an indicator; did you mean 'rsi'?"),
        ("zzzz_14_5m", "there are sma, ema"),
        ("rsi_5m", "rsi takes period, as in rsi_14_5m; 0 given"),
        ("bbands_20_1h", "bbands takes period, deviations, as in bbands_20_2_1h; 1 given"),
        ("vwap_3_1d", "vwap takes no parameters, as in vwap_5m; 1 given"),
        ("rsi_1_5m", "period is 1, it must be from 2 to 10000"),
        ("sma_0_5m", "period is 0, it must be from 1 to 10000"),
        ("sma_99999_5m", "period is 99999"),
        ("sma_2p5_5m", "period is 2.5, it must be a whole number"),
        ("bbands_20_2p1234567_5m", "give at most 6 decimals"),
        ("macd_26_12_9_5m", "fast is 26 and slow is 12; fast must be the smaller"),
        ("macd_12_12_9_5m", "fast must be the smaller"),
        ("vwap_1d", "reads bars within a session; 1d is none, write vwap_1m"),
        ("sma_20_5x", "'5x' is not an interval"),
        (IndicatorConfig("smaa"), "did you mean 'sma'?"),
        (
            IndicatorConfig("bbands", params={"deviation": 2}),
            "no parameter 'deviation'; it takes period, deviations",
        ),
        (IndicatorConfig("vwap", period=5, interval="5m"), "takes no parameters, but period is 5"),
        (IndicatorConfig("sma", period=5, params={"period": 6}), "period is 5 and period is 6; give one"),
        (IndicatorConfig("sma", params={"period": True}), "period is True, not a number"),
        (IndicatorConfig("sma", params={"period": "ten"}), "period is 'ten', not a number"),
        (IndicatorConfig("sma", params={"period": float("nan")}), "not a number"),
        (IndicatorConfig("sma", period=-3), "it must be from 1"),
        (IndicatorConfig("sma", params=[1, 2]), "values by name, or a list"),  # type: ignore[arg-type]
        (IndicatorConfig("sma", period=5, interval="5 minutes"), "'5 minutes' is not an interval"),
    ],
)
def test_a_wrong_ask_says_what_is_wrong(asked: IndicatorConfig | str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        spec_of(asked)
    assert message in str(raised.value)


def test_create_checks_the_spec() -> None:
    with pytest.raises(SpecError, match="takes period"):
        create(IndicatorSpec("sma", (), FIVE_MINUTES), 3)


@pytest.mark.parametrize(
    ("key", "bars"),
    [
        ("sma_20_5m", 20),
        ("bbands_20_2_5m", 20),
        ("volume_sma_20_1d", 20),
        ("highest_20_5m", 20),
        ("lowest_5_5m", 5),
        ("roc_10_5m", 11),
        ("volume_ratio_20_1d", 21),
        ("ema_1_5m", 1),
        ("vwap_1m", 0),
    ],
)
def test_a_window_is_warm_after_its_own_length(key: str, bars: int) -> None:
    spec = spec_of(key)
    assert definition(spec.name).warm_up_bars(spec) == bars


@pytest.mark.parametrize(
    ("key", "periods"), [("rsi_100_5m", 18.4), ("atr_100_5m", 18.4), ("ema_100_5m", 9.2)]
)
def test_an_average_is_warm_once_its_seed_has_decayed(key: str, periods: float) -> None:
    spec = spec_of(key)
    after_seed = definition(spec.name).warm_up_bars(spec) - 100
    assert after_seed == pytest.approx(periods * 100, rel=0.01)


def test_macd_waits_for_both_of_its_averages() -> None:
    spec = spec_of("macd_12_26_9_5m")
    warm = definition("macd").warm_up_bars(spec)
    assert warm > 26 + 9 + 9.2 * 26
    assert spec.params == (Decimal(12), Decimal(26), Decimal(9))
