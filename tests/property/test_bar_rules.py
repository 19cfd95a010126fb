"""The rule of a valid bar: arrays, expressions, the import and the check all give one answer."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from symscan.model.bar import FIELDS
from symscan.sources.bar_rules import valid_expr, valid_mask, zero_volume_expr, zero_volume_mask
from symscan.sources.checking.bar_checks import check_values
from symscan.sources.checking.findings import Findings

Values = tuple[float, float, float, float, float]

_ODD = [0.0, -0.0, 5e-324, -1.0, math.nan, math.inf, -math.inf]
_PRICES = st.sampled_from([9.0, 10.0, 10.5, 11.0, *_ODD]) | st.floats()
_VOLUMES = st.sampled_from([1.0, 0.25, 300.0, *_ODD]) | st.floats()
_ANY = st.tuples(_PRICES, _PRICES, _PRICES, _PRICES, _VOLUMES)
_NEAR = st.tuples(*[st.sampled_from([9.0, 10.0, 11.0])] * 4, st.sampled_from([0.0, 0.5, 100.0]))
_BARS = st.lists(_ANY | _NEAR, max_size=30)


def is_valid(bar: Values) -> bool:
    """The rule, said once more in plain Python."""
    opened, high, low, close, volume = bar
    if not all(map(math.isfinite, bar)):
        return False
    return min(opened, high, low, close) > 0 and low == min(bar[:4]) and high == max(bar[:4]) and volume > 0


def columns(bars: list[Values]) -> tuple[np.ndarray, pl.DataFrame]:  # type: ignore[type-arg]
    fields = np.array(bars, np.float64).reshape(-1, 5).T
    return fields, pl.DataFrame(dict(zip(FIELDS, fields, strict=True)))


@settings(max_examples=200)
@given(_BARS)
def test_arrays_and_expressions_agree(bars: list[Values]) -> None:
    fields, frame = columns(bars)
    expected = [is_valid(bar) for bar in bars]
    assert valid_mask(fields).tolist() == expected
    assert frame.select(valid_expr()).to_series().to_list() == expected
    assert zero_volume_mask(fields).tolist() == frame.select(zero_volume_expr()).to_series().to_list()
    kept = frame.select(valid_expr(zero_volume=True)).to_series().to_list()
    assert valid_mask(fields, zero_volume=True).tolist() == kept
    traded = [(*bar[:4], 1.0) if bar[4] == 0 else bar for bar in bars]
    assert kept == [is_valid(bar) for bar in traded]


@settings(max_examples=20)
@given(st.lists(_ANY | _NEAR, max_size=6))
def test_a_check_finds_what_is_not_valid(bars: list[Values]) -> None:
    _, frame = columns(bars)
    for number, bar in enumerate(bars):
        findings = Findings(dict.fromkeys(_KINDS, ""), frozenset())
        symbol = pl.lit("A").alias("symbol"), pl.lit(date(2024, 3, 4)).alias("session")
        check_values(frame[number : number + 1].with_columns(*symbol), findings)
        assert bool(findings.result()) is not is_valid(bar)


_KINDS = ("disorder", "duplicate", "missing_value", "not_positive", "contradiction", "no_volume")


def test_a_missing_value_is_not_valid() -> None:
    frame = pl.DataFrame([(1.0, None, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0, None)], FIELDS, orient="row")
    assert frame.select(valid_expr()).to_series().to_list() == [False, False]
    assert frame.select(zero_volume_expr()).to_series().to_list() == [False, False]
