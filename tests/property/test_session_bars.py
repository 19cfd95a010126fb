"""Grids, aggregation and folds over any bars: what is read does not depend on how it got there."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from support.builders import MINUTE, Price, make_block, make_session, rows
from symscan.bars.aggregator import Aggregator, combine, derive
from symscan.bars.grid import Grid
from symscan.model.bar import Block
from symscan.model.interval import Interval
from symscan.session.readings import PhaseBars

ROWS = 3
SLOTS = 14
SESSION = make_session(minutes=SLOTS)

_cents = st.integers(1, 5000).map(lambda cents: cents / 100)
_bar = st.tuples(_cents, _cents, st.integers(0, 999)).map(
    lambda drawn: (drawn[0], max(drawn[:2]), min(drawn[:2]), drawn[1], float(drawn[2]))
)
_prices = st.lists(st.lists(st.none() | _bar, min_size=ROWS, max_size=ROWS), min_size=SLOTS, max_size=SLOTS)
_intervals = st.sampled_from(["2m", "3m", "5m", "7m", "13m", "1h", "1d"]).map(Interval.parse)
few = settings(max_examples=25)  # each draws forty bars
NAMES = ("open", "high", "low", "close", "volume", "turnover")


def _blocks(prices: list[list[Price]]) -> list[Block]:
    return [make_block(SESSION.open + (k + 1) * MINUTE, *bars) for k, bars in enumerate(prices)]


def _same(one: Block, other: Block) -> None:
    assert one.end == other.end
    np.testing.assert_array_equal(one.fields, other.fields)
    np.testing.assert_array_equal(one.present, other.present)
    np.testing.assert_array_equal(one.absent, np.flatnonzero(~one.present))


def _played(blocks: list[Block]) -> PhaseBars:
    phase = PhaseBars(ROWS)
    for block in blocks:
        phase.grid.append(block)
    return phase


@few
@given(_prices, _intervals)
def test_bars_built_as_they_come_equal_bars_built_at_once(prices: Any, interval: Interval) -> None:
    blocks = _blocks(prices)
    aggregator = Aggregator(interval, SESSION)
    stepwise = [aggregator.advance(blocks[: count + 1]) for count in range(SLOTS)]
    completed = [block for block in stepwise if block is not None]
    for one, other in zip(completed, derive(interval, SESSION, blocks), strict=True):
        _same(one, other)
    _same(combine(completed, SESSION.close), combine(blocks, SESSION.close))


@few
@given(_prices, _intervals, st.integers(0, SLOTS))
def test_an_aggregator_may_begin_at_any_minute(prices: Any, interval: Interval, minute: int) -> None:
    blocks = _blocks(prices)
    before = derive(interval, SESSION, blocks[:minute])
    used = sum(block.end <= before[-1].end for block in blocks) if before else 0
    late = Aggregator(interval, SESSION, used)
    after = [late.advance(blocks[: count + 1]) for count in range(minute, SLOTS)]
    completed = [*before, *(block for block in after if block is not None)]
    for one, other in zip(completed, derive(interval, SESSION, blocks), strict=True):
        _same(one, other)


@few
@given(_prices)
def test_a_grids_newest_bars_are_those_a_list_would_hold(prices: Any) -> None:
    grid = _played(_blocks(prices)).grid
    for row in range(ROWS):
        held = [(k, bars[row]) for k, bars in enumerate(prices) if bars[row] is not None]
        assert grid.last[row] == (held[-1][0] if held else -1)
        assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in grid.recent(row, 99)] == [
            bar for _, bar in held
        ]


@few
@given(_prices, st.integers(0, SLOTS), st.booleans())
def test_a_row_that_joins_late_is_as_one_that_was_there(prices: Any, minute: int, grown: bool) -> None:
    blocks = _blocks(prices)
    there = _played(blocks)
    late = PhaseBars(ROWS - 1 if grown else ROWS)
    for block in blocks[:minute]:
        present = block.present.copy()
        present[-1] = False
        fields = np.where(present, block.fields, [[np.nan]] * 4 + [[0.0]])
        width = late.grid.rows
        late.grid.append(Block(block.end, fields[:, :width], present[:width]))
    late.running("volume")  # somebody looks before
    if grown:
        late.grow(ROWS)
    for slot, block in enumerate(blocks[:minute]):
        late.grid.fill(slot, rows(ROWS - 1), block.present[-1:], block.fields[:, -1:])
    late.recompute(rows(ROWS - 1))
    for block in blocks[minute:]:
        late.grid.append(block)
    for one, other in zip(late.grid.blocks, there.grid.blocks, strict=True):
        _same(one, other)
    np.testing.assert_array_equal(late.grid.last, there.grid.last)
    for name in NAMES:
        assert late.running(name).tobytes() == there.running(name).tobytes(), name


@few
@given(_prices, st.lists(st.integers(1, SLOTS), max_size=5).map(sorted))
def test_running_values_do_not_depend_on_who_looked_when(prices: Any, looks: list[int]) -> None:
    blocks = _blocks(prices)
    unseen, seen = _played(blocks), PhaseBars(ROWS)
    for count, block in enumerate(blocks, start=1):
        seen.grid.append(block)
        if count in looks:
            for name in NAMES[:: 1 + count % 2]:
                seen.running(name)
    for name in NAMES:
        assert seen.running(name).tobytes() == unseen.running(name).tobytes(), name


@few
@given(_prices, st.integers(0, SLOTS), st.integers(0, ROWS - 1))
def test_a_cleared_row_leaves_the_others_and_kept_bars_alone(prices: Any, minute: int, row: int) -> None:
    blocks = _blocks(prices)
    grid = Grid(ROWS)
    for block in blocks[:minute]:
        grid.append(block)
    kept = [(bar, repr(bar)) for bar in grid.recent(row, 99)]
    others = [other for other in range(ROWS) if other != row]
    before = [grid.recent(other, 99) for other in others]
    grid.clear(rows(row))
    assert grid.recent(row, 99) == []
    assert [grid.recent(other, 99) for other in others] == before
    assert [repr(bar) for bar, _ in kept] == [text for _, text in kept]
