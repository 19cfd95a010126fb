"""A row's values depend on its own bars only, to the bit: not on other rows, nor on how the bars came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symscan.indicators.base import Indicator
from symscan.indicators.registry import create, spec_of
from symscan.model.bar import Block, Rows
from symscan.model.instant import MINUTE

KEYS = (
    "sma_3_5m",
    "sma_12_5m",
    "ema_4_5m",
    "macd_2_4_3_5m",
    "rsi_3_5m",
    "roc_2_5m",
    "atr_3_5m",
    "bbands_3_2_5m",
    "bbands_19_2_5m",
    "vwap_5m",
    "dollar_volume_3_5m",
    "close_5m",
    "volume_sma_9_5m",
    "volume_ratio_3_5m",
    "highest_4_5m",
    "lowest_1_5m",
    "relative_volume_5_5m",
    "same_bar_volume_5_5m",
    "opening_range_15_5m",
    "vwap_cross_10_5m",
)

_SLOTS = 6
"""Bars of a session: few, so that there are several sessions."""


def _market(seed: int, times: int, rows: int) -> list[Block]:
    rng = np.random.default_rng(seed)
    missing = rng.choice([0.0, 0.1, 0.6], rows)
    blocks = []
    for time in range(times):
        session, slot = divmod(time, _SLOTS)
        block = Block.blank((session * 24 * 60 + (slot + 1) * 5) * MINUTE, rows)
        block.present[:] = rng.random(rows) >= missing
        prices = rng.integers(100, 9_999, (3, rows)) / 100
        bars = np.stack(
            [prices[0], prices.max(axis=0), prices.min(axis=0), prices[1], rng.integers(0, 99, rows)]
        )
        block.fields[:, block.present] = bars[:, block.present]
        blocks.append(block)
    return blocks


def _columns(blocks: Sequence[Block], rows: Rows) -> list[Block]:
    return [Block(one.end, np.ascontiguousarray(one.fields[:, rows]), one.present[rows]) for one in blocks]


def _widen(block: Block, rows: int) -> Block:
    wide = Block.blank(block.end, rows)
    wide.fields[:, : len(block.present)] = block.fields
    wide.present[: len(block.present)] = block.present
    return wide


def _bits(indicator: Indicator, rows: int) -> list[bytes]:
    values = [indicator.output(name)[:rows] for name in indicator.outputs]
    # A NaN is unknown whatever its bits.
    return [np.where(np.isnan(one), np.nan, one).tobytes() for one in values]


def _alone(key: str, blocks: Sequence[Block], row: int) -> list[bytes]:
    indicator = create(spec_of(key), 1)
    for block in _columns(blocks, np.array([row])):
        indicator.update(block.present, block)
    return _bits(indicator, 1)


@pytest.mark.parametrize("key", KEYS)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 7), data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_way_to_the_same_bars_gives_the_same_bits(
    key: str, seed: int, rows: int, data: st.DataObject
) -> None:
    times = 45
    blocks = _market(seed, times, rows)
    plain = create(spec_of(key), rows)
    wild = create(spec_of(key), rows)
    capacity = rows
    for time, block in enumerate(blocks):
        plain.update(block.present, block)
        wild.update(_widen(block, capacity).present, _widen(block, capacity))
        action = data.draw(st.sampled_from(["none"] * 8 + ["grow", "rebuild", "forget", "stranger"]))
        chosen = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
        if action == "grow" and capacity < 20:
            capacity += data.draw(st.integers(1, 5))
            wild.grow(capacity)
        elif action == "rebuild":
            wild.rebuild(chosen, _columns(blocks[: time + 1], chosen))
        elif action == "forget":
            wild.forget(chosen)
            assert all(np.isnan(wild.output(name)[chosen]).all() for name in wild.outputs)
            wild.rebuild(chosen, _columns(blocks[: time + 1], chosen))
        elif action == "stranger":
            nobody = np.zeros(capacity, np.bool_)
            wild.update(nobody, _widen(block, capacity))
        assert _bits(wild, rows) == _bits(plain, rows)
    for row in range(rows):
        own = [one[row * 8 : row * 8 + 8] for one in _bits(plain, rows)]
        assert own == _alone(key, blocks, row)


@pytest.mark.parametrize("key", ["bbands_20_2_5m", "sma_200_5m", "rsi_14_5m", "volume_ratio_20_5m"])
@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9, 64, 1000])
def test_the_number_of_rows_changes_no_bit(key: str, rows: int) -> None:
    blocks = _market(rows, 230, rows)
    indicator = create(spec_of(key), rows)
    for block in blocks:
        indicator.update(block.present, block)
    for row in {0, rows // 2, rows - 1}:
        own = [one[row * 8 : row * 8 + 8] for one in _bits(indicator, rows)]
        assert own == _alone(key, blocks, row)
