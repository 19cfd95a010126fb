from __future__ import annotations

from decimal import Decimal

import pytest

from symscan.errors import SpecError
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, Interval
from symscan.model.specs import IndicatorSpec


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        (IndicatorSpec("sma", (Decimal(20),), ONE_DAY), "sma_20_1d"),
        (IndicatorSpec("bbands", (Decimal(20), Decimal("2.50")), FIVE_MINUTES), "bbands_20_2p5_5m"),
        (IndicatorSpec("vwap", (), Interval.parse("60m")), "vwap_1h"),
        (IndicatorSpec("volume_ratio", (Decimal("1E+2"),), Interval.parse("1w")), "volume_ratio_100_1w"),
        (IndicatorSpec("bbands", (Decimal(5), Decimal("0.000001")), ONE_DAY), "bbands_5_0p000001_1d"),
    ],
)
def test_key_and_spec_are_two_forms_of_one_thing(spec: IndicatorSpec, key: str) -> None:
    assert spec.key == str(spec) == key
    assert IndicatorSpec.parse(key) == spec


def test_equal_numbers_make_equal_specs() -> None:
    assert IndicatorSpec("sma", (Decimal("20.0"),), ONE_DAY) == IndicatorSpec.parse("sma_20_1d")
    assert IndicatorSpec.parse("bbands_20_2p0_1h") == IndicatorSpec.parse("bbands_20_2_60m")


@pytest.mark.parametrize(
    "key", ["", "_", "5m", "20_5m", "SMA_20_5m", "sma_20.5_5m", "sma_x1y_2_z_5m", "sma__5m", "sma_-1_5m"]
)
def test_a_text_that_is_no_key_says_how_one_is_written(key: str) -> None:
    with pytest.raises(SpecError, match="is not an i"):
        IndicatorSpec.parse(key)


def test_a_wrong_interval_is_named() -> None:
    with pytest.raises(SpecError, match="'7x' is not an interval"):
        IndicatorSpec.parse("sma_20_7x")
