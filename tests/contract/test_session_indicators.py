"""Indicators that count in sessions against polars and plain loops, at every bar of every session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from symscan.indicators.registry import create, spec_of
from symscan.model.bar import Block, Floats
from symscan.model.instant import MINUTE

MINUTES = Path(__file__).parents[3] / "shared" / "data" / "us284_1m_2018-02-20_2018-03-02.parquet"
COLUMNS = ("open", "high", "low", "close", "volume")
NAN = float("nan")

Market = pl.DataFrame
"""``row, day, slot`` and the fields: one line per bar there is."""


@pytest.fixture(scope="module")
def walks() -> Market:
    """Nine sessions of 39 bars, the third and the last but one half days; rows miss more and more bars."""
    rng = np.random.default_rng(7)
    lines = []
    for row in range(12):
        price = 50.0
        for day, slots in enumerate((39, 39, 21, 39, 39, 39, 39, 21, 39)):
            if rng.random() < 0.1:
                continue  # a day without any bar
            for slot in range(slots):
                if rng.random() < row / 13:
                    continue
                price += rng.integers(-20, 21) / 100
                high, low = price + rng.integers(0, 9) / 100, price - rng.integers(0, 9) / 100
                lines.append((row, day, slot, price, high, low, price, float(rng.integers(1, 99))))
    return pl.DataFrame(lines, schema=["row", "day", "slot", *COLUMNS], orient="row")


@pytest.fixture(scope="module")
def real() -> Market:
    """1m bars of every sixth of 284 symbols over nine sessions."""
    if not MINUTES.exists():
        pytest.skip("the shared market data is not here")
    start = pl.col("ts").dt.convert_time_zone("America/New_York")
    return (
        pl.read_parquet(MINUTES)
        .with_columns(
            row=pl.col("symbol").rank("dense").cast(pl.Int64) - 1,
            day=start.dt.date().rank("dense").cast(pl.Int64) - 1,
            slot=start.dt.hour().cast(pl.Int64) * 60 + start.dt.minute() - 570,
        )
        .filter(pl.col("row") % 6 == 0)
        .select(pl.col("row") // 6, "day", "slot", *(pl.col(name).cast(pl.Float64) for name in COLUMNS))
    )


def _blocks(market: Market, minutes: int) -> list[Block]:
    """Every slot of every session, dense."""
    rows = market["row"].max() + 1
    blocks = []
    for (day,), bars in market.sort("day", "slot").group_by("day", maintain_order=True):
        slots = bars["slot"].max() + 1
        session = [
            Block.blank((day * 24 * 60 + 570 + (slot + 1) * minutes) * MINUTE, rows) for slot in range(slots)
        ]
        for row, slot, *fields in bars.select("row", "slot", *COLUMNS).iter_rows():
            session[slot].present[row] = True
            session[slot].fields[:, row] = fields
        blocks += session
    return blocks


def _keys_of(market: Market) -> list[tuple[int, int]]:
    """Day and slot of every block."""
    last = market.group_by("day").agg(pl.col("slot").max()).sort("day")
    return [(day, slot) for day, slots in last.iter_rows() for slot in range(slots + 1)]


def _play(key: str, blocks: Sequence[Block]) -> Floats:
    """The outputs after every block, shape ``(times, outputs, rows)``."""
    indicator = create(spec_of(key), len(blocks[0].present))
    played = []
    for block in blocks:
        indicator.update(block.present, block)
        played.append([indicator.output(name).copy() for name in indicator.outputs])
    return np.array(played)


def _dense(market: Market) -> Market:
    """One line per row, day and slot, also where there is no bar."""
    slots = pl.DataFrame(_keys_of(market), schema=["day", "slot"], orient="row")
    rows = market.select(pl.col("row").unique().sort())
    return rows.join(slots, how="cross").join(market, on=["row", "day", "slot"], how="left")


def _with_typical(dense: Market) -> Market:
    """``measured`` over its mean at the same slot of the earlier sessions, those shorter left out."""
    length = dict(dense.group_by("day").agg(pl.col("slot").max()).sort("day").iter_rows())
    parts = []
    for day in length:
        before = [one for one in length if one < day]
        longest = max((length[one] for one in before), default=0)
        means = (
            dense.filter(pl.col("day").is_in([one for one in before if length[one] == longest]))
            .group_by("row", "slot")
            .agg(typical=pl.col("measured").mean(), known=pl.col("measured").count())
            .filter(pl.col("known") >= 5)
        )
        parts.append(dense.filter(pl.col("day") == day).join(means, on=["row", "slot"], how="left"))
    return pl.concat(parts)


def _relative_volume(market: Market, _: int) -> Floats:
    so_far = pl.col("volume").fill_null(0).cum_sum().over("row", "day", order_by="slot")
    has_bar = pl.col("volume").is_not_null().cum_sum().over("row", "day", order_by="slot") > 0
    dense = _with_typical(_dense(market).with_columns(measured=pl.when(has_bar).then(so_far)))
    typical = pl.when(pl.col("measured").is_not_null()).then("typical")
    return _arranged(dense.with_columns(ratio=pl.col("measured") / typical, typical=typical))


def _same_bar_volume(market: Market, _: int) -> Floats:
    dense = _with_typical(_dense(market).with_columns(measured=pl.col("volume")))
    of_bar = pl.when(pl.col("measured").is_not_null())
    dense = dense.with_columns(
        ratio=of_bar.then(pl.col("measured") / pl.col("typical")).fill_null(NAN),
        typical=of_bar.then(pl.col("typical").fill_null(NAN)),
    ).with_columns(ratio=of_bar.then("ratio"))
    kept = pl.col("ratio", "typical").forward_fill().over("row", "day", order_by="slot")
    return _arranged(dense.with_columns(kept))


def _arranged(dense: Market) -> Floats:
    """``ratio`` and ``typical`` as ``(times, 2, rows)``."""
    rows = dense["row"].max() + 1
    values = dense.sort("day", "slot", "row").select("ratio", "typical").fill_null(NAN).to_numpy()
    return values.reshape(-1, rows, 2).transpose(0, 2, 1)


def _opening_range(market: Market, minutes: int) -> Callable[[int, int, int, int], list[float]]:
    bars = _by_row_and_day(market)

    def at(row: int, day: int, slot: int, step: int) -> list[float]:
        slots = minutes // step
        so_far = [bar for bar in bars.get((row, day), []) if bar[0] <= slot]
        inside = [bar for bar in so_far if bar[0] < slots]
        if slot < slots - 1 or 2 * len(inside) < slots:
            return [NAN] * 6
        high, low = max(bar[2] for bar in inside), min(bar[3] for bar in inside)
        ups = [bar[0] for bar in so_far if bar[0] >= slots and bar[4] > high]
        downs = [bar[0] for bar in so_far if bar[0] >= slots and bar[4] < low]
        since = [(slot - found[0]) * step if found else NAN for found in (ups, downs)]
        return [high, low, float(bool(ups)), float(bool(downs)), *since]

    return at


def _vwap_cross(market: Market, minutes: int) -> Callable[[int, int, int, int], list[float]]:
    bars = _by_row_and_day(market)

    def at(row: int, day: int, slot: int, step: int) -> list[float]:
        wide, complete = minutes // step, (slot + 1) // (minutes // step)
        own = bars.get((row, day), [])
        closes = {bar[0] // wide: bar[4] for bar in own if bar[0] // wide < complete}
        pairs = []
        for one in sorted(closes)[-2:]:
            until = [bar for bar in own if bar[0] < (one + 1) * wide]
            money = sum((bar[2] + bar[3] + bar[4]) / 3 * bar[5] for bar in until)
            pairs.append((closes[one], money / sum(bar[5] for bar in until)))
        pairs = [(NAN, NAN)] * (2 - len(pairs)) + pairs
        before, last = pairs
        sides = [np.sign(close - vwap) for close, vwap in pairs]
        cross = NAN if np.isnan(sum(sides)) else sides[1] * (sides[0] * sides[1] < 0)
        return [cross, *last, *before]

    return at


def _by_row_and_day(market: Market) -> dict[tuple[int, int], list[tuple[float, ...]]]:
    found: dict[tuple[int, int], list[tuple[float, ...]]] = {}
    for row, day, *bar in market.sort("row", "day", "slot").iter_rows():
        found.setdefault((row, day), []).append(tuple(bar))
    return found


def _looped(oracle: Callable[..., Callable[..., list[float]]]) -> Callable[[Market, int, int], Floats]:
    def play(market: Market, parameter: int, step: int) -> Floats:
        at = oracle(market, parameter)
        rows = range(market["row"].max() + 1)
        played = [[at(row, day, slot, step) for row in rows] for day, slot in _keys_of(market)]
        return np.array(played).transpose(0, 2, 1)

    return play


ORACLES: dict[str, Callable[..., Floats]] = {
    "relative_volume": lambda market, parameter, _: _relative_volume(market, parameter),
    "same_bar_volume": lambda market, parameter, _: _same_bar_volume(market, parameter),
    "opening_range": _looped(_opening_range),
    "vwap_cross": _looped(_vwap_cross),
}
WALKED = (
    "relative_volume_5_10m",
    "same_bar_volume_5_10m",
    "opening_range_30_10m",
    "opening_range_10_10m",
    "vwap_cross_30_10m",
    "vwap_cross_10_10m",
)


def _assert_equals_oracle(key: str, market: Market) -> Floats:
    spec = spec_of(key)
    step = spec.interval.minutes
    played = _play(key, _blocks(market, step))
    expected = ORACLES[spec.name](market, int(spec.params[0]), step)
    np.testing.assert_allclose(played, expected, rtol=1e-9, err_msg=key)
    return played


@pytest.mark.parametrize("key", WALKED)
def test_equals_its_oracle_on_walks_with_missing_bars(key: str, walks: Market) -> None:
    played = _assert_equals_oracle(key, walks)
    known = ~np.isnan(played)
    assert known.any(axis=0).any(axis=1).all(), "the walks reach every output"


@pytest.mark.parametrize("key", ["relative_volume_5_1m", "same_bar_volume_5_1m"])
def test_profiles_equal_polars_on_real_bars(key: str, real: Market) -> None:
    played = _assert_equals_oracle(key, real)
    ratio = played[-1, 0]
    assert 0.5 < np.nanmedian(ratio) < 2.5


@pytest.mark.parametrize("key", ["opening_range_15_1m", "vwap_cross_5_1m"])
def test_equals_plain_loops_on_real_bars(key: str, real: Market) -> None:
    _assert_equals_oracle(key, real.filter(pl.col("row") < 6, pl.col("day") < 2))


@pytest.mark.parametrize("key", WALKED)
@pytest.mark.parametrize("cut", [0, 39, 40, 250, 294])
def test_history_then_slices_is_the_same_as_all_slices(key: str, cut: int, walks: Market) -> None:
    blocks = _blocks(walks, 10)
    expected = _play(key, blocks)
    rows = len(blocks[0].present)
    indicator = create(spec_of(key), rows + 3)
    late = np.array([2, 5])
    early = np.setdiff1d(np.arange(rows), late)
    _rebuild(indicator, early, blocks[:cut])
    for time, block in enumerate(blocks[cut:], start=cut):
        given = np.zeros(rows + 3, np.bool_)
        wide = Block.blank(block.end, rows + 3)
        wide.put(np.arange(rows), block.present, block.fields)
        given[early] = block.present[early]
        indicator.update(given, wide)
        if time == cut + 20:  # rows that join in the middle of a session
            _rebuild(indicator, late, blocks[: time + 1])
            early = np.arange(rows)
        played = [indicator.output(name)[early] for name in indicator.outputs]
        np.testing.assert_array_equal(played, expected[time][:, early])


def _rebuild(indicator: object, rows: np.ndarray, blocks: Sequence[Block]) -> None:
    indicator.rebuild(rows, [Block(b.end, b.fields[:, rows], b.present[rows]) for b in blocks])  # type: ignore[attr-defined]
