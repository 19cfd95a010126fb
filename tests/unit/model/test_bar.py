from __future__ import annotations

import numpy as np
import pytest

from support.builders import NAN, make_block, rows
from symscan.model.bar import Bar, Block


def test_a_blank_block_has_no_bars() -> None:
    block = Block.blank(7, 3)
    assert (block.end, block.present.tolist(), block.absent.tolist()) == (7, [False] * 3, [0, 1, 2])
    np.testing.assert_array_equal(block.fields.T, [[NAN, NAN, NAN, NAN, 0]] * 3)


def test_its_fields_have_names() -> None:
    block = make_block(7, (1, 4, 0.5, 2, 10))
    fields = (block.open, block.high, block.low, block.close, block.volume)
    assert [field.tolist() for field in fields] == [[1], [4], [0.5], [2], [10]]


def test_put_says_anew_who_is_absent() -> None:
    block = make_block(7, 1.0, None, None)
    late = make_block(7, None, 5.0)
    block.put(rows(0, 2), late.present, late.fields)
    assert (block.present.tolist(), block.absent.tolist()) == ([False, False, True], [0, 1])
    assert block.close[2] == 5


def test_bars_are_equal_by_value() -> None:
    block = make_block(7, (1, 4, 0.5, 2, 10), (1, 4, 0.5, 2, 10), (1, 4, 0.5, 2, 11))
    one, same, other = (Bar(block, row) for row in range(3))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != Bar(make_block(8, (1, 4, 0.5, 2, 10)), 0)
    assert one != "bar"


def test_a_bar_is_immutable_and_light() -> None:
    bar = Bar(make_block(7, 1.0), 0)
    assert [type(value) for value in (bar.open, bar.volume)] == [float, float]
    with pytest.raises(AttributeError):
        bar.volume = 3.0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        bar.note = "mine"  # type: ignore[attr-defined]
