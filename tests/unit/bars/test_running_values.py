from __future__ import annotations

import numpy as np
import pytest

from support.builders import NAN, make_block, rows
from symscan.bars import running_values as folds
from symscan.model.bar import Block

BLOCKS = [
    make_block(1, (10, 12, 9, 11, 100), None, None),
    make_block(2, (11, 11, 8, 8, 50), (5, 6, 4, 5, 7), None),
    make_block(3, None, (5, 9, 5, 8, 0.1), None),
    make_block(4, (8, 8, 8, 8, 0.2), (8, 8, 7, 7, 0.3), None),
]

EXPECTED = {
    folds.first_open: (NAN, [10, 5, NAN]),
    folds.highest_high: (NAN, [12, 9, NAN]),
    folds.lowest_low: (NAN, [8, 4, NAN]),
    folds.last_close: (NAN, [8, 7, NAN]),
    folds.summed_volume: (0.0, [150.2, 7.4, 0]),
    folds.summed_turnover: (0.0, [32 * 100 + 27 * 50 + 24 * 0.2, 15 * 7 + 22 * 0.1 + 22 * 0.3, 0]),
}


@pytest.mark.parametrize("step", EXPECTED)
def test_a_fold_is_what_it_says(step: folds.Step) -> None:
    start, expected = EXPECTED[step]
    np.testing.assert_allclose(folds.RunningValue(step, start, 3).value(BLOCKS), expected, rtol=1e-14)


@pytest.mark.parametrize("step", EXPECTED)
def test_the_value_does_not_depend_on_who_looked_when(step: folds.Step) -> None:
    start, _ = EXPECTED[step]
    at_once = folds.RunningValue(step, start, 3).value(BLOCKS)
    often = folds.RunningValue(step, start, 3)
    for count in (0, 1, 1, 3, 4):
        value = often.value(BLOCKS[:count])
    assert value.tobytes() == at_once.tobytes()


def test_nothing_happened_yet() -> None:
    assert folds.RunningValue(folds.summed_volume, 0.0, 2).value([]).tolist() == [0, 0]
    assert np.isnan(folds.RunningValue(folds.last_close, NAN, 2).value([])).all()


@pytest.mark.parametrize("step", EXPECTED)
def test_refolded_rows_equal_rows_that_were_there_from_the_start(step: folds.Step) -> None:
    start, _ = EXPECTED[step]
    fold = folds.RunningValue(step, start, 3)
    hidden = [make_block(block.end, *[None] * 3) for block in BLOCKS[:3]]
    for late, block in zip(hidden, BLOCKS, strict=False):
        late.put(rows(0), block.present[:1], block.fields[:, :1])
    fold.value(hidden)
    fold.recompute(rows(2, 1), [_cut(block, 2, 1) for block in BLOCKS])
    caught_up = fold.value(BLOCKS)
    assert caught_up.tobytes() == folds.RunningValue(step, start, 3).value(BLOCKS).tobytes()


def test_grown_rows_begin_at_the_start() -> None:
    fold = folds.RunningValue(folds.summed_volume, 0.0, 1)
    fold.value([make_block(1, 5.0)])
    fold.grow(3)
    assert fold.value([make_block(1, 5.0, None, None), make_block(2, None, 5.0, None)]).tolist() == [1, 1, 0]


def _cut(block: Block, *numbers: int) -> Block:
    chosen = rows(*numbers)
    return Block(block.end, block.fields[:, chosen], block.present[chosen])


@pytest.mark.parametrize("step", EXPECTED)
@pytest.mark.parametrize("slot", [0, 29, 30, 31, 59, 60, 61, 89, 90, 94])
def test_a_change_in_a_slot_is_followed_from_a_little_before(step: folds.Step, slot: int) -> None:
    start, _ = EXPECTED[step]
    blocks = [make_block(end, (9.0, 10.0, 8.0, 9.0, 0.1 * end), (float(end),) * 5) for end in range(1, 96)]
    fold = folds.RunningValue(step, start, 2)
    fold.value(blocks)
    for changed in (slot, 92, slot):  # a copy on the way must have come right, too
        blocks[changed] = make_block(changed + 1, (900.0 + changed, 999.0, 1.0, 901.0, 0.7), (3.0,) * 5)
        begin = fold.begin(changed)
        assert begin <= changed
        assert begin > changed - 2 * folds.EVERY or changed < 60
        fold.recompute(rows(0, 1), blocks[begin:], begin)
        assert fold.value(blocks).tobytes() == folds.RunningValue(step, start, 2).value(blocks).tobytes()
