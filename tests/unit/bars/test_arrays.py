"""Memory of large arrays is used again once nothing sees it."""

from __future__ import annotations

import numpy as np

from symscan.bars.arrays import ArrayPool


def test_memory_that_nothing_sees_any_more_is_used_again() -> None:
    pool = ArrayPool()
    first = pool.floats((3, 4), 1.0)
    where = first.ctypes.data
    del first
    again = pool.floats((2, 5), np.nan)
    assert again.ctypes.data == where
    assert np.isnan(again).all()


def test_memory_of_which_a_view_is_kept_is_not() -> None:
    pool = ArrayPool()
    kept = pool.floats((3, 4), 1.0)[1]
    other = pool.floats((3, 4), 2.0)
    assert not np.shares_memory(kept, other)
    assert kept.tolist() == [1.0] * 4


def test_a_larger_array_is_allocated_anew() -> None:
    pool = ArrayPool()
    pool.mask((2, 2))
    assert pool.mask((9, 9)).shape == (9, 9)
    assert not pool.mask((9, 9)).any()
