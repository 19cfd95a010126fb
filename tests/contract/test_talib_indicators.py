"""The long tail against TA-Lib's batch functions: every function there is, at every bar."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from talib import abstract

from symscan.errors import SpecError
from symscan.indicators.base import Indicator
from symscan.indicators.registry import create, definition, definitions, spec_of
from symscan.indicators.talib import functions as long_tail
from symscan.model.bar import CLOSE, FIELDS, HIGH, LOW, Block, Floats
from symscan.model.interval import FIVE_MINUTES
from symscan.model.specs import IndicatorConfig, IndicatorSpec

REFUSED = {
    *("add", "sub", "mult", "div", "beta", "correl", "mavp"),
    *("maxindex", "minindex", "minmaxindex"),
}
OWN = {one.name for one in definitions()}
NAMES = sorted(set(long_tail.names()) - REFUSED - OWN)
TIMES, ROWS = 260, 5


@cache
def blocks() -> list[Block]:
    """Walks in whole cents; every symbol misses its own share of bars."""
    rng = np.random.default_rng(20180222)
    close = 100 + rng.integers(-40, 41, (TIMES, ROWS)).cumsum(axis=0) / 100
    opened = close + rng.integers(-30, 31, close.shape) / 100
    high = np.maximum(close, opened) + rng.integers(0, 30, close.shape) / 100
    low = np.minimum(close, opened) - rng.integers(0, 30, close.shape) / 100
    volume = rng.integers(1, 5_000, close.shape).astype(float)
    present = rng.random(close.shape) >= np.array([0, 0.1, 0.3, 0.6, 0.97])
    made = []
    for time in range(TIMES):
        block = Block.blank(time, ROWS)
        fields = np.stack([one[time] for one in (opened, high, low, close, volume)])
        block.put(np.arange(ROWS), present[time], np.where(present[time], fields, block.fields))
        made.append(block)
    return made


def own_bars(row: int, upto: int = TIMES) -> Floats:
    """The bars a symbol has, shape ``(5, bars)``."""
    bars = [block.fields[:, row] for block in blocks()[:upto] if block.present[row]]
    return np.ascontiguousarray(np.array(bars).T).reshape(5, -1)


def batch(spec: IndicatorSpec, bars: Floats) -> Floats:
    """What TA-Lib's batch function says, shape ``(outputs, bars)``; infinite is unknown."""
    function = abstract.Function(spec.name.upper())
    whole = [one.is_integer for one in definition(spec.name).parameters]
    arguments = [int(v) if is_int else float(v) for v, is_int in zip(spec.params, whole, strict=True)]
    inputs = [name for read in function.info["input_names"].values() for name in np.atleast_1d(read)]
    found = getattr(talib, spec.name.upper())(*(bars[FIELDS.index(str(name))] for name in inputs), *arguments)
    values = np.atleast_2d(np.array(found, np.float64))
    lookback = function.lookback if not arguments else _lookback(function, arguments)
    values[:, :lookback] = np.nan  # where whole numbers come out, TA-Lib fills with 0
    values[~np.isfinite(values)] = np.nan
    return values


def _lookback(function: Any, arguments: Sequence[float]) -> int:
    function.parameters = dict(zip(function.info["parameters"], arguments, strict=True))
    bars: int = function.lookback
    return bars


def defaults(name: str) -> IndicatorSpec:
    return IndicatorSpec(name, tuple(one.default for one in definition(name).parameters), FIVE_MINUTES)


def outputs(indicator: Indicator) -> Floats:
    return np.array([indicator.output(name) for name in indicator.outputs])


def assert_equals_batch(spec: IndicatorSpec) -> None:
    indicator = create(spec_of(spec.key), ROWS)
    played = []
    for block in blocks():
        indicator.update(block.present, block)
        played.append(outputs(indicator).copy())
    for row in range(ROWS):
        present = [block.present[row] for block in blocks()]
        actual = np.array(played)[present, :, row].T
        np.testing.assert_allclose(
            actual, batch(spec, own_bars(row)), rtol=1e-9, atol=0, err_msg=f"{spec} {row}"
        )


def test_there_is_a_long_tail() -> None:
    assert len(NAMES) > 150
    assert {"adx", "stoch", "cci", "obv", "supertrend", "cdlengulfing", "ht_trendline"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_equals_its_batch(name: str) -> None:
    assert_equals_batch(defaults(name))


@pytest.mark.parametrize(
    "key",
    [
        *(
            "adx_5_5m",
            "stoch_7_4_1_3_1_5m",
            "stddev_9_2p5_5m",
            "mama_0p4_0p04_5m",
            "sar_0p03_0p3_5m",
            "ma_9_2_5m",
        ),
        *(
            "cdlmorningstar_0p2_5m",
            "t3_4_0p6_5m",
            "ultosc_3_6_12_5m",
            "supertrend_7_2p5_5m",
            "percentile_9_25_5m",
        ),
    ],
)
def test_parameters_stand_in_talib_s_order(key: str) -> None:
    assert_equals_batch(spec_of(key))


@pytest.mark.parametrize("name", NAMES)
def test_history_leads_where_updates_lead(name: str) -> None:
    """Rebuilt in the middle, grown, forgotten and given to another symbol."""
    spec, half = defaults(name), TIMES // 2
    followed, rebuilt = create(spec, ROWS), create(spec, 2)
    for block in blocks()[:half]:
        followed.update(block.present, block)
    rebuilt.rebuild(np.array([0, 1]), [_columns(block, [3, 2]) for block in blocks()[:half]])
    rebuilt.grow(ROWS)
    rebuilt.forget(np.array([0]))
    rebuilt.rebuild(np.array([3, 0]), [_columns(block, [3, 0]) for block in blocks()[:half]])
    moved = [0, 3]
    rebuilt.forget(np.array([1]))
    np.testing.assert_array_equal(outputs(rebuilt)[:, moved], outputs(followed)[:, moved])
    assert np.isnan(outputs(rebuilt)[:, [1, 2, 4]]).all()
    for block in blocks()[half:]:
        followed.update(block.present, block)
        rebuilt.update(block.present & np.array([True, False, False, True, False]), block)
    np.testing.assert_array_equal(outputs(rebuilt)[:, moved], outputs(followed)[:, moved])
    assert np.isnan(outputs(rebuilt)[:, [1, 2, 4]]).all()


def _columns(block: Block, rows: Sequence[int]) -> Block:
    return Block(block.end, block.fields[:, rows], block.present[list(rows)])


@pytest.mark.parametrize("name", NAMES)
def test_warm_history_hides_where_it_begins(name: str) -> None:
    one, spec = definition(name), defaults(name)
    bars = one.warm_up_bars(spec)
    rng = np.random.default_rng(5)
    close = 50 * np.exp(rng.normal(0, 1e-3, bars + 900).cumsum())
    high, low = (
        close * (1 + rng.exponential(5e-4, len(close))),
        close * (1 - rng.exponential(5e-4, len(close))),
    )
    walk = np.array(
        [np.clip(np.roll(close, 1), low, high), high, low, close, rng.integers(1, 99, len(close))]
    )
    if one.is_intraday_only:
        assert bars == 0
        return
    whole, warmed = batch(spec, walk)[:, -1], batch(spec, np.ascontiguousarray(walk[:, -bars:]))[:, -1]
    np.testing.assert_allclose(warmed, whole, rtol=1e-3 if name in ("kama", "mama") else 1e-5, atol=1e-6)


def test_the_table_holds_what_is_measured() -> None:
    script = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "make_talib_table.py"))
    assert script["TABLE"].read_text() == script["render"](), "run: python benchmarks/make_talib_table.py"


@pytest.mark.parametrize(
    ("key", "bars"),
    [
        ("adx_14_5m", 319),
        ("adx_5_5m", 105),
        ("cci_30_5m", 30),
        ("obv_5m", 0),
        ("ma_9_2_5m", 9),
        ("ma_9_1_5m", 70),
    ],
)
def test_warm_up_of_defaults_and_of_other_parameters(key: str, bars: int) -> None:
    spec = spec_of(key)
    assert definition(spec.name).warm_up_bars(spec) == bars


def test_a_struct_has_talib_s_names() -> None:
    assert definition("stoch").outputs == ("slowk", "slowd")
    assert definition("supertrend").outputs == ("supertrend", "trend")
    assert definition("adx").outputs == ("value",)


def test_supertrend_by_its_rules() -> None:
    """Bands of 3 average ranges about the middle that only tighten, until the close breaks through one."""
    bars = own_bars(0)
    high, low, close = bars[HIGH], bars[LOW], bars[CLOSE]
    ranges, middle = talib.ATR(high, low, close, 10), (high + low) / 2
    upper, lower = middle + 3 * ranges, middle - 3 * ranges
    lines, trend = np.full(len(close), np.nan), 1
    for bar in range(11, len(close)):
        if close[bar - 1] >= lower[bar - 1]:
            lower[bar] = max(lower[bar], lower[bar - 1])
        if close[bar - 1] <= upper[bar - 1]:
            upper[bar] = min(upper[bar], upper[bar - 1])
        if close[bar] > upper[bar - 1]:
            trend = 1
        elif close[bar] < lower[bar - 1]:
            trend = -1
        lines[bar] = lower[bar] if trend == 1 else upper[bar]
    indicator = create(spec_of("supertrend_10_3_5m"), 1)
    for block in blocks():
        indicator.update(block.present[:1], _columns(block, [0]))
    assert indicator.output("supertrend")[0] == pytest.approx(lines[-1], rel=1e-9)
    assert indicator.output("trend")[0] == trend


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_functions_of_other_inputs_are_refused(name: str) -> None:
    with pytest.raises(SpecError, match=r"compares several series|says a place in an array"):
        definition(name)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("adx_1_5m", "timeperiod is 1, it must be from 2 to 10000"),
        ("adx_2p5_5m", "must be a whole number"),
        ("adx_5m", "adx takes timeperiod, as in adx_14_5m; 0 given"),
        ("stoch_5_3_99_3_0_5m", "slowk_matype is 99, it must be from 0 to 13"),
        ("obv_1d", "reads bars within a session"),
        ("adxx_14_5m", "did you mean 'adx'"),
        ("rsii_14_5m", "did you mean 'rsi'"),
        ("frobnicate_5m", "TA-Lib's functions by their names"),
    ],
)
def test_what_is_wrong_is_said(key: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec_of(key)


def test_a_configuration_may_leave_parameters_out() -> None:
    assert spec_of(IndicatorConfig("adx", interval="5m")).key == "adx_14_5m"
    asked = IndicatorConfig("stoch", period=7, interval="5m", params={"slowd_period": Decimal(4)})
    assert spec_of(asked).key == "stoch_7_3_0_4_0_5m"


def test_talib_is_imported_only_when_asked_for() -> None:
    code = (
        "import sys; from symscan.indicators.registry import spec_of; spec_of('rsi_14_5m');"
        "assert not {'talib', 'pandas'} & set(sys.modules);"
        "spec_of('adx_14_5m'); assert 'talib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
