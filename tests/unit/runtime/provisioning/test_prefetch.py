"""History that was loaded ahead answers as the history behind it does, and asks that for the rest."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import Weekdays
from support.harness import BEFORE, SESSION, TODAY
from support.markets import MemoryMarket
from symscan.errors import DataError
from symscan.model.bar import Block
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.runtime.provisioning.loading import DataPlan
from symscan.runtime.provisioning.prefetch import PrefetchedHistory

INTERVALS = (ONE_MINUTE, FIVE_MINUTES, ONE_DAY)
PLAN = DataPlan(("B", "A"), {ONE_MINUTE: (("A", "B", "C"), 3), ONE_DAY: (("C", "A"), 5)})


def _market() -> MemoryMarket:
    return MemoryMarket(SESSION, TODAY, BEFORE, mismatched=("B",))


def _prefetched(market: MemoryMarket) -> PrefetchedHistory:
    return PrefetchedHistory(market, market, Weekdays(SESSION), SESSION)  # type: ignore[arg-type]


def _same(found: Iterator[Block], expected: Iterator[Block]) -> bool:
    one, other = list(found), list(expected)
    assert [block.end for block in one] == [block.end for block in other]
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine.fields, theirs.fields)
        np.testing.assert_array_equal(mine.present, theirs.present)
    return True


@given(
    plans=st.dictionaries(
        st.sampled_from(INTERVALS),
        st.tuples(st.lists(st.sampled_from("ABC"), unique=True, min_size=1).map(tuple), st.integers(1, 4)),
    ),
    interval=st.sampled_from(INTERVALS),
    symbols=st.lists(st.sampled_from("ABC"), unique=True, min_size=1),
    days=st.integers(0, 5),
)
def test_whatever_was_loaded_the_answer_is_that_of_the_history(
    plans: dict[Interval, tuple[tuple[str, ...], int]], interval: Interval, symbols: list[str], days: int
) -> None:
    market = _market()
    prefetched = _prefetched(market)
    history_context = prefetched.prefetch(DataPlan((), plans))
    loads = len(market.loads)
    with history_context():
        found = list(prefetched.load(symbols, interval, SESSION, days))
    had, most = plans.get(interval, ((), 0))
    is_there = interval in plans and set(symbols) <= set(had) and days <= most
    assert (len(market.loads) == loads) is is_there
    assert _same(iter(found), _market().load(symbols, interval, SESSION, days))


@pytest.mark.parametrize(("symbols", "is_there"), [("AB", True), ("BA", True), ("B", True), ("BC", False)])
def test_what_is_known_the_evening_before_is_that_of_the_history(symbols: str, is_there: bool) -> None:
    market = _market()
    prefetched = _prefetched(market)
    history_context = prefetched.prefetch(PLAN)
    loads = len(market.loads)
    with history_context():
        found = prefetched.daily(list(symbols), SESSION)
    assert (len(market.loads) == loads) is is_there
    expected = _market().daily(list(symbols), SESSION)
    np.testing.assert_array_equal(found.previous_close, expected.previous_close)
    np.testing.assert_array_equal(found.mismatched, expected.mismatched)


def test_it_answers_from_a_load_only_while_that_is_held() -> None:
    market = _market()
    prefetched = _prefetched(market)
    history_context = prefetched.prefetch(PLAN)
    for hold in (False, True, False):
        loads = len(market.loads)
        if hold:
            with history_context():
                list(prefetched.load(["A"], ONE_MINUTE, SESSION, 2))
        else:
            list(prefetched.load(["A"], ONE_MINUTE, SESSION, 2))
        assert len(market.loads) == loads + (not hold)


def test_a_load_that_broke_off_in_use_is_let_go() -> None:
    market = _market()
    prefetched = _prefetched(market)
    history_context = prefetched.prefetch(PLAN)
    with pytest.raises(DataError), history_context():
        raise DataError("in the midst")
    loads = len(market.loads)
    list(prefetched.load(["A"], ONE_MINUTE, SESSION, 2))
    assert len(market.loads) == loads + 1


def test_todays_bars_are_prepared_before_anything_else_is_loaded() -> None:
    market = _market()
    prefetched = _prefetched(market)
    prefetched.prefetch(PLAN)
    assert market.prepared == [("B", "A")]
    prefetched.prefetch(DataPlan((), {ONE_DAY: (("A",), 1)}))
    assert market.prepared == [("B", "A")]


def test_it_knows_the_symbols_of_the_history() -> None:
    assert _prefetched(_market()).symbols() == {"A", "B", "C"}


def test_another_process_is_sent_the_history_alone() -> None:
    market = _market()
    prefetched = _prefetched(market)
    with prefetched.prefetch(PLAN)():
        sent = pickle.loads(pickle.dumps(prefetched))
    assert isinstance(sent, MemoryMarket)
    assert _same(sent.load("A", ONE_DAY, SESSION, 3), market.load("A", ONE_DAY, SESSION, 3))
