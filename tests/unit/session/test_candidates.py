from __future__ import annotations

import pytest

from symscan.errors import SpecError
from symscan.model.readings import SESSION_READINGS
from symscan.session.candidates import parse_column


@pytest.mark.parametrize("name", SESSION_READINGS)
def test_a_reading_has_no_spec(name: str) -> None:
    assert parse_column(name).spec is None
    assert parse_column(name).name == name


@pytest.mark.parametrize(
    ("name", "key", "output"),
    [
        ("rsi_14_5m", "rsi_14_5m", "value"),
        ("rsi_14_5m.value", "rsi_14_5m", "value"),
        ("bbands_20_2p5_5m.lower", "bbands_20_2p5_5m", "lower"),
        ("bbands_20_2_5m", "bbands_20_2_5m", "upper"),
        ("sma_20_60m", "sma_20_1h", "value"),
    ],
)
def test_an_indicator_is_its_key_and_an_output(name: str, key: str, output: str) -> None:
    column = parse_column(name)
    assert column.spec is not None
    assert (column.name, column.spec.key, column.output) == (name, key, output)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is not an indicator key"),
        ("closed", "closed"),
        ("Close", "Close"),
        ("rsi_14_5x", "'5x' is not an interval"),
        ("nothing_3_5m", "nothing"),
        ("rsi_14_5m.upper", "has no output 'upper'; it has value"),
        ("bbands_20_2_5m.top", "it has upper, middle, lower"),
        ("close.value", "close"),
    ],
)
def test_a_name_that_means_nothing(name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_column(name)
