"""Every registered indicator against TA-Lib, or polars where TA-Lib has none, at every bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from symscan.indicators.definition import Definition
from symscan.indicators.registry import check, create, definition, definitions, spec_of
from symscan.model.bar import CLOSE, FIELDS, HIGH, LOW, VOLUME, Block, Floats, Mask
from symscan.model.instant import MINUTE
from symscan.model.interval import FIVE_MINUTES, PREMARKET, Interval
from symscan.model.specs import IndicatorSpec

MINUTES = Path(__file__).parents[3] / "shared" / "data" / "us284_1m_2018-02-20_2018-03-02.parquet"

Oracle = Callable[..., Floats | Sequence[Floats]]


def _vwap(bars: Floats) -> Floats:
    frame = pl.DataFrame(dict(zip(("high", "low", "close", "volume"), bars[HIGH:], strict=True)))
    money = (pl.sum_horizontal("high", "low", "close") / 3 * pl.col("volume")).cum_sum()
    return frame.select(money / pl.col("volume").cum_sum()).to_series().to_numpy()


def _volume_ratio(bars: Floats, period: int) -> Floats:
    mean = pl.col("volume").rolling_mean(period).shift(1)
    frame = pl.DataFrame({"volume": bars[VOLUME]})
    return (
        frame.select(pl.col("volume") / pl.when(mean != 0).then(mean))
        .to_series()
        .fill_null(np.nan)
        .to_numpy()
    )


def _bbands(bars: Floats, period: int, deviations: float) -> list[Floats]:
    """TA-Lib's middle, and each window's deviation by itself: TA-Lib's loses digits on quiet ones."""
    middle = talib.SMA(bars[CLOSE], period)
    width = np.full_like(middle, np.nan)
    if len(middle) >= period:
        windows = np.lib.stride_tricks.sliding_window_view(bars[CLOSE], period)
        width[period - 1 :] = deviations * windows.std(axis=1)
    return [middle + width, middle, middle - width]


def _extreme(function: Callable[..., Floats], field: int) -> Oracle:
    return lambda bars, period: function(bars[field], period) if period > 1 else bars[field]


ORACLES: dict[str, Oracle] = {
    "sma": lambda bars, period: talib.SMA(bars[CLOSE], period),
    "ema": lambda bars, period: talib.EMA(bars[CLOSE], period),
    "macd": lambda bars, fast, slow, signal: talib.MACD(bars[CLOSE], fast, slow, signal),
    "rsi": lambda bars, period: talib.RSI(bars[CLOSE], period),
    "roc": lambda bars, period: talib.ROC(bars[CLOSE], period),
    "atr": lambda bars, period: talib.ATR(bars[HIGH], bars[LOW], bars[CLOSE], period),
    "bbands": _bbands,
    "vwap": _vwap,
    "volume_sma": lambda bars, period: talib.SMA(bars[VOLUME], period),
    "volume_ratio": _volume_ratio,
    "dollar_volume": lambda bars, period: (
        talib.SMA(bars[CLOSE] * bars[VOLUME], period) if period > 1 else bars[CLOSE] * bars[VOLUME]
    ),
    **{name: lambda bars, field=field: bars[field] for field, name in enumerate(FIELDS)},
    "highest": _extreme(talib.MAX, HIGH),
    "lowest": _extreme(talib.MIN, LOW),
}

OF_SESSIONS = {
    "relative_volume",
    "premarket_relative_volume",
    "same_bar_volume",
    "opening_range",
    "vwap_cross",
}
"""They count in sessions, not in bars: test_session_indicators.py and, of the pre-market,
test_premarket_relative_volume.py hold them to polars."""

OF_BARS = [one for one in definitions() if one.name not in OF_SESSIONS]

KEYS = {
    *(IndicatorSpec(one.name, tuple(p.default for p in one.parameters), FIVE_MINUTES).key for one in OF_BARS),
    *(IndicatorSpec(one.name, tuple(p.lowest for p in one.parameters), FIVE_MINUTES).key for one in OF_BARS),
    *("ema_9_5m", "rsi_3_5m", "atr_14_5m", "macd_2_9_4_5m", "macd_5_6_1_5m", "bbands_5_2p5_5m", "roc_1_5m"),
}


def _interval(one: Definition) -> Interval:
    return PREMARKET if one.is_premarket else FIVE_MINUTES


@pytest.fixture(scope="module")
def walks() -> list[Block]:
    """Random walks in whole cents, each symbol missing its own share of bars; three stand still for long."""
    rng = np.random.default_rng(20180220)
    times, rows = 420, 30
    steps = rng.integers(-40, 41, (times, rows))
    steps[100:, 1] = 0
    steps[:, 2] = 0
    steps[30:330, 3] = 0
    close = (rng.integers(2_000, 30_000, rows) + steps.cumsum(axis=0)).clip(min=50) / 100
    high = close + rng.integers(0, 30, close.shape) / 100
    low = close - rng.integers(0, 30, close.shape) / 100
    volume = rng.integers(0, 5_000, close.shape).astype(float)
    volume[:, 4] = np.where(np.arange(times) % 60 < 45, 0.0, volume[:, 4])
    present = rng.random(close.shape) >= np.linspace(0, 0.95, rows)
    return _blocks(np.stack([close, high, low, close, volume]), present)


@pytest.fixture(scope="module")
def real() -> list[Block]:
    """5m bars of 284 symbols over nine sessions, aggregated by polars."""
    if not MINUTES.exists():
        pytest.skip("the shared market data is not here")
    bars = (
        pl.scan_parquet(MINUTES)
        .sort("ts", "symbol")
        .group_by("symbol", pl.col("ts").dt.truncate("5m"))
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum().cast(pl.Float64),
        )
        .with_columns(
            time=pl.col("ts").rank("dense").cast(pl.Int64) - 1,
            row=pl.col("symbol").rank("dense").cast(pl.Int64) - 1,
        )
        .collect()
    )
    time, row = bars["time"].to_numpy(), bars["row"].to_numpy()
    fields = np.full((5, time.max() + 1, row.max() + 1), np.nan)
    fields[:, time, row] = bars.select("open", "high", "low", "close", "volume").to_numpy().T
    return _blocks(fields, ~np.isnan(fields[CLOSE]))


def _blocks(fields: Floats, present: Mask) -> list[Block]:
    """Blocks of ``fields`` shaped ``(5, times, rows)``, blank where not present, 78 a session."""
    blocks = []
    for time, mask in enumerate(present):
        end = (time // 78 * 24 * 60 + (time % 78 + 1) * 5) * MINUTE
        block = Block.blank(end, len(mask))
        block.present[:] = mask
        block.fields[:, mask] = fields[:, time, mask]
        blocks.append(block)
    return blocks


def _play(spec: IndicatorSpec, blocks: Sequence[Block]) -> Floats:
    """The outputs after every block, shape ``(times, outputs, rows)``."""
    indicator = create(spec, len(blocks[0].present))
    played = []
    for block in blocks:
        indicator.update(block.present, block)
        played.append([indicator.output(name).copy() for name in indicator.outputs])
    return np.array(played)


def _parameters(spec: IndicatorSpec) -> list[int | float]:
    whole = [one.is_integer for one in definition(spec.name).parameters]
    return [
        int(value) if is_integer else float(value)
        for value, is_integer in zip(spec.params, whole, strict=True)
    ]


def _assert_equals_oracle(key: str, blocks: Sequence[Block]) -> None:
    spec = spec_of(key)
    played = _play(spec, blocks)
    fields = np.stack([block.fields for block in blocks], axis=1)
    present = np.stack([block.present for block in blocks])
    for row in range(present.shape[1]):
        own = np.ascontiguousarray(fields[:, present[:, row], row])
        expected = np.atleast_2d(ORACLES[spec.name](own, *_parameters(spec)))
        actual = played[present[:, row], :, row].T
        # TA-Lib's own rounding is about 1e-14 of a price: values that happen to be near 0 are held to that.
        scale = 1e-4 if spec.name in ("macd", "roc") else 0.0
        np.testing.assert_allclose(
            actual, expected, rtol=1e-9, atol=1e-9 * scale, err_msg=f"{key}, row {row}"
        )


def test_every_indicator_has_an_oracle() -> None:
    assert set(ORACLES) | OF_SESSIONS == {one.name for one in definitions()}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_equals_its_oracle_on_walks_with_missing_bars(key: str, walks: list[Block]) -> None:
    _assert_equals_oracle(key, walks)


@pytest.mark.parametrize("name", [one.name for one in OF_BARS])
def test_equals_its_oracle_on_real_bars(name: str, real: list[Block]) -> None:
    defaults = tuple(one.default for one in definition(name).parameters)
    _assert_equals_oracle(IndicatorSpec(name, defaults, FIVE_MINUTES).key, real)


@pytest.mark.parametrize("key", ["bbands_20_2_5m", "bbands_5_2p5_5m"])
def test_bands_equal_talib_where_prices_move(key: str, walks: list[Block]) -> None:
    period, deviations = spec_of(key).params
    close = np.array([block.close[0] for block in walks])
    expected = talib.BBANDS(close, int(period), float(deviations), float(deviations), talib.MA_Type.SMA)
    np.testing.assert_allclose(_play(spec_of(key), walks)[:, :, 0].T, expected, rtol=1e-9)


@pytest.mark.parametrize("one", definitions(), ids=lambda one: one.name)
def test_is_declared_in_full(one: Definition) -> None:
    names = [parameter.name for parameter in one.parameters]
    assert one.summary and one.source
    assert len(set(names)) == len(names)
    assert len(set(one.outputs)) == len(one.outputs)
    assert all(parameter.fault(parameter.default) is None for parameter in one.parameters)
    spec = IndicatorSpec(one.name, tuple(parameter.default for parameter in one.parameters), _interval(one))
    assert spec_of(check(spec).key) == spec


@pytest.mark.parametrize("one", definitions(), ids=lambda one: one.name)
def test_value_no_longer_depends_on_where_a_warm_history_begins(one: Definition, walks: list[Block]) -> None:
    small = tuple(min(parameter.default, Decimal(5) + i) for i, parameter in enumerate(one.parameters))
    spec = check(IndicatorSpec(one.name, small, _interval(one)))
    bars = one.warm_up_bars(spec)
    if one.is_intraday_only or one.name in FIELDS:
        assert bars == 0
        return
    assert bars < 200, "the test has 420 bars"
    whole = _play(spec, walks)[-1, :, 0]
    warmed = _play(spec, walks[-bars:])[-1, :, 0]
    unseeded = _play(spec, walks[-bars:][1:])[-1, :, 0]
    scale = np.abs(walks[-1].close[0]) if one.name == "macd" else np.abs(whole)
    np.testing.assert_allclose(warmed, whole, rtol=0, atol=(1e-6 * scale).max())
    assert not np.isnan(warmed).any()
    assert bars > 20 or np.isnan(unseeded).all(), "an exact window is not longer than it must be"


@pytest.mark.parametrize("one", definitions(), ids=lambda one: one.name)
def test_rows_that_are_not_given_stay_unknown(one: Definition, walks: list[Block]) -> None:
    spec = IndicatorSpec(one.name, tuple(parameter.default for parameter in one.parameters), _interval(one))
    given = np.zeros(len(walks[0].present), np.bool_)
    given[::3] = True
    indicator = create(spec, len(given))
    for block in walks:
        indicator.update(block.present & given, block)
    whole = _play(spec, walks)[-1]
    for name, values in zip(indicator.outputs, whole, strict=True):
        expected = np.where(given, values, np.nan)
        np.testing.assert_array_equal(indicator.output(name), expected)
