"""Holders of the same candidates share what they read; nobody sees what only another has requested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.builders import NAN, rows
from symscan.errors import NotRequested
from symscan.indicators.registry import spec_of
from symscan.scanners.screens.language.numpy_evaluator import compile_tree

ME, OTHER = "scanner:me", "scanner:other"
LAST = spec_of("sma_1_5m")


@pytest.fixture
def both(playing: Any) -> Any:
    """Five minutes of a session with two holders of the same candidates."""
    playing.data.add_candidates(OTHER, ["A", "B", "C"])
    for minute in range(1, 6):
        playing.minute(minute, 10.0 + minute, 20.0, None)
    return playing


def test_a_reading_is_read_once_for_all_with_the_same_candidates(both: Any) -> None:
    close, others = (both.view(one).read_columns(["close"])[0]["close"] for one in (ME, OTHER))
    assert close is others
    both.minute(6, 30.0, 20.0, None)
    np.testing.assert_array_equal(both.view(OTHER).column("close"), [30, 20, NAN])
    np.testing.assert_array_equal(close, [15, 20, NAN])


def test_a_column_is_the_holders_own_to_spoil(both: Any) -> None:
    mine = both.view().column("close")
    mine.setflags(write=True)
    mine[:] = 0.0
    assert both.view(OTHER).column("close").tolist()[:2] == [15, 20]


def test_who_requested_an_indicator_for_some_does_not_read_it_of_all(both: Any) -> None:
    both.data.request_indicator(LAST, ME, rows(0, 1, 2))
    both.data.request_indicator(LAST, OTHER, rows(0))
    for minute in range(6, 11):
        both.minute(minute, 30.0, 20.0, None)
    np.testing.assert_array_equal(both.view().column("sma_1_5m"), [30, 20, NAN])
    np.testing.assert_array_equal(both.view(OTHER).column("sma_1_5m"), [30, NAN, NAN])


def test_who_never_requested_an_indicator_may_not_read_what_another_has(both: Any) -> None:
    both.data.request_indicator(LAST, ME, rows(0, 1, 2))
    both.view().column("sma_1_5m")
    with pytest.raises(NotRequested):
        both.view(OTHER).column("sma_1_5m")
    with pytest.raises(NotRequested):
        both.view(OTHER).read_columns(["sma_1_5m"])


def test_what_changes_within_an_instant_is_read_anew(both: Any) -> None:
    both.view().column("previous_close")
    both.data.readings.previous_close[:3] = 9
    both.data.invalidate_cache()
    assert both.view(OTHER).column("previous_close").tolist() == [9, 9, 9]


def test_candidates_in_another_order_have_columns_of_their_own(both: Any) -> None:
    both.view().column("close")
    both.data.add_candidates("scanner:third", ["B", "A"])
    assert both.view("scanner:third").column("close").tolist() == [20, 15]


def test_screens_compute_the_same_of_the_same_columns_once(both: Any) -> None:
    both.data.readings.previous_close[:3] = 9
    above = (">", ("column", "close"), ("+", ("column", "previous_close"), ("number", 1.0)))
    wide, narrow = above, ("and", above, ("<", ("column", "close"), ("number", 16.0)))
    (columns, computed), (others, shared) = (
        both.view(one).read_columns(["close", "previous_close"]) for one in (ME, OTHER)
    )
    assert shared is computed
    first = compile_tree(wide)(columns, computed)
    known = len(computed)
    assert compile_tree(wide)(others, computed) is first
    assert len(computed) == known
    true, false = compile_tree(narrow)(others, computed)
    assert (true.tolist(), false.tolist()) == ([True, False, False], [False, True, False])
    assert len(computed) == known + 2  # the comparison, and both together
    both.minute(6, 1.0, 30.0, None)
    columns, computed = both.view().read_columns(["close", "previous_close"])
    assert computed == {}
    assert compile_tree(wide)(columns, computed)[0].tolist() == [False, True, False]
