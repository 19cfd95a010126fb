from __future__ import annotations

import numpy as np

from support.builders import NAN, make_block, rows
from symscan.bars.grid import Grid
from symscan.model.bar import Block


def _grid(*blocks: Block) -> Grid:
    grid = Grid(len(blocks[0].present))
    for block in blocks:
        grid.append(block)
    return grid


def _columns(*prices: float | None) -> tuple[np.ndarray, np.ndarray]:
    block = make_block(0, *prices)
    return block.present, block.fields


def test_the_newest_bar_is_the_last_that_is_there() -> None:
    grid = _grid(
        make_block(10, 1.0, None, None), make_block(20, None, 2.0, None), make_block(30, 3.0, None, None)
    )
    assert grid.last.tolist() == [2, 1, -1]
    assert grid.seen.tolist() == [True, True, False]
    assert [bar and (bar.end, bar.close) for bar in map(grid.latest, range(3))] == [(30, 3), (20, 2), None]
    np.testing.assert_array_equal(grid.last_end(slice(None)), [30, 20, NAN])
    np.testing.assert_array_equal(grid.last_end(rows(2, 0)), [NAN, 30])
    assert grid.ends() == [10, 20, 30]


def test_recent_bars_pass_over_holes_and_come_oldest_first() -> None:
    grid = _grid(
        *(make_block(end, price) for end, price in ((1, 1.0), (2, None), (3, 3.0), (4, 4.0), (5, None)))
    )
    assert [bar.close for bar in grid.recent(0, 2)] == [3, 4]
    assert [bar.close for bar in grid.recent(0, 99)] == [1, 3, 4]
    assert grid.recent(0, 0) == []


def test_an_empty_grid_knows_nothing() -> None:
    grid = Grid(2)
    assert (grid.latest(0), grid.recent(1, 5), grid.ends()) == (None, [], [])
    assert np.isnan(grid.last_end(rows(0, 1))).all()


def test_late_rows_fill_the_slots_so_far() -> None:
    grid = _grid(make_block(1, 1.0, None, None), make_block(2, 2.0, None, None))
    for slot, prices in enumerate([(7.0, None), (None, None)]):
        grid.fill(slot, rows(2, 1), *_columns(*prices))
    assert grid.last.tolist() == [1, -1, 0]
    assert [block.present.tolist() for block in grid.blocks] == [[True, False, True], [True, False, False]]
    grid.append(make_block(3, None, 5.0, 6.0))
    assert [bar.close for bar in grid.recent(2, 9)] == [7, 6]


def test_a_late_row_is_absent_no_more_although_somebody_looked_before() -> None:
    grid = _grid(make_block(1, 1.0, None))
    assert grid.blocks[0].absent.tolist() == [1]
    grid.fill(0, rows(1), *_columns(4.0))
    assert grid.blocks[0].absent.tolist() == []


def test_a_cleared_row_is_as_new_and_its_neighbours_stay() -> None:
    grid = _grid(make_block(1, 1.0, 10.0), make_block(2, 2.0, 20.0))
    grid.clear(rows(1))
    assert grid.last.tolist() == [1, -1]
    assert grid.latest(1) is None
    assert [block.close.tolist()[0] for block in grid.blocks] == [1, 2]
    assert [block.volume.tolist()[1] for block in grid.blocks] == [0, 0]
    assert np.isnan([block.close[1] for block in grid.blocks]).all()


def test_a_bar_somebody_kept_stays_when_its_row_is_used_again() -> None:
    grid = _grid(make_block(1, 1.0, 10.0))
    kept = grid.latest(1)
    grid.clear(rows(1))
    grid.fill(0, rows(1), *_columns(99.0))
    assert kept is not None
    assert (kept.close, kept.volume) == (10, 1)
    assert grid.recent(1, 1)[0].close == 99


def test_growing_keeps_what_is_there_and_adds_rows_without_bars() -> None:
    grid = _grid(make_block(1, 1.0, None), make_block(2, 2.0, 3.0))
    grid.grow(4)
    assert grid.rows == 4
    assert grid.last.tolist() == [1, 1, -1, -1]
    assert [block.present.tolist() for block in grid.blocks] == [
        [True, *[False] * 3],
        [True, True, False, False],
    ]
    np.testing.assert_array_equal(grid.blocks[1].close, [2, 3, NAN, NAN])
    assert [block.absent.tolist() for block in grid.blocks] == [[1, 2, 3], [2, 3]]
    grid.append(make_block(3, None, None, None, 9.0))
    assert grid.last.tolist() == [1, 1, -1, 2]


def test_columns_cut_blocks_down_without_sharing() -> None:
    grid = _grid(make_block(1, 1.0, 2.0, None))
    (cut,) = grid.columns(rows(2, 0))
    assert (cut.end, cut.present.tolist()) == (1, [False, True])
    cut.fields[:] = 0
    assert grid.blocks[0].close.tolist()[:2] == [1, 2]


def test_a_slot_is_found_by_its_end_or_by_the_end_of_a_finer_bar() -> None:
    grid = Grid(1)
    assert grid.slot_of(10) is None
    for end in (10, 20):
        grid.append(make_block(end, 1.0))
    assert [grid.slot_of(end) for end in (5, 10, 15, 20, 25)] == [None, 0, None, 1, None]
    assert [grid.slot_covering(end) for end in (5, 10, 15, 20, 25)] == [0, 0, 1, 1, None]


def test_a_patched_slot_leaves_the_block_others_hold() -> None:
    grid = Grid(2)
    for end in (10, 20):
        grid.append(make_block(end, 1.0, None))
    kept = grid.blocks[0]
    grid.patch(0, rows(1), np.full((5, 1), 7.0))
    assert kept.present.tolist() == [True, False]
    assert grid.blocks[0].close.tolist() == [1, 7]
    assert len(grid.blocks[0].absent) == 0
    assert grid.last.tolist() == [1, 0]
