"""A pinned copy answers every look as the session did at that instant, whatever becomes of the session."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from support.builders import NAN, make_block, make_session
from support.busy_session import Busy, looks
from symscan.clock.time_manager import TimeManager


@pytest.mark.parametrize("minutes", [2, 5, 6, 40])
def test_it_stays_as_the_session_was(minutes: int) -> None:
    busy = Busy()
    busy.play(minutes)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    for _ in range(10):
        busy.play(10)
        busy.upset()
    assert looks(busy.data) != expected
    assert looks(pinned) == expected


def test_it_stays_although_the_session_grows() -> None:
    busy = Busy()
    busy.play(30)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    busy.data.add_rows([f"X{number}" for number in range(200)])
    busy.play(5)
    assert looks(pinned) == expected


def test_looking_at_it_later_changes_nothing_of_the_session() -> None:
    one, two = Busy(), Busy()
    for busy in (one, two):
        busy.play(20)
    pinned = one.data.pinned()
    for busy in (one, two):
        busy.play(5)
        busy.upset()
    looks(pinned)
    assert looks(one.data) == looks(two.data)


def test_it_can_be_pickled() -> None:
    busy = Busy()
    busy.data.history.drop(["A"])
    busy.play(40)
    pinned = busy.data.pinned()
    looks(pinned)  # what was read at leisure does not travel
    assert looks(pickle.loads(pickle.dumps(pinned))) == looks(busy.data)


def test_two_copies_of_one_instant_share_what_does_not_change_in_place() -> None:
    busy = Busy()
    busy.play(10)
    one, two = busy.data.pinned(), busy.data.pinned()
    assert all(a is b for a, b in zip(one.regular.grid.blocks, two.regular.grid.blocks, strict=True))
    assert looks(one) == looks(two)
    one.symbols.add("Z")
    one.holders.add_member("Z", "me")
    assert ("Z" in two.symbols, "Z" in busy.data.symbols) == (False, False)
    assert (two.holders.is_member("Z"), busy.data.holders.is_member("Z")) == (False, False)


def test_an_emptied_session_takes_strangers_in() -> None:
    busy = Busy()
    busy.play(12)
    pinned, before = busy.data.pinned(), looks(busy.data)
    beside = pinned.empty_copy()
    assert len(beside.symbols) == 0
    assert beside.regular.grid.ends() == pinned.regular.grid.ends()
    new = [f"S{number}" for number in range(100)]  # more than there is room for
    beside.add_rows(new)
    ends = (beside.premarket.grid.ends(), beside.regular.grid.ends())
    beside.catch_up(new, *([make_block(end, *[5.0] * 100) for end in phase] for phase in ends))
    values = beside.readings.of_hits(beside.symbols.rows(["S99"]))
    assert (values["price"].item(), values["volume"].item()) == (5.0, 7.0)
    assert values["last_bar_end"].item() == busy.data.now
    np.testing.assert_array_equal(values["previous_close"], [NAN])
    assert looks(pinned) == before


def test_a_pinned_clock_stands_still() -> None:
    session = make_session()
    clock = TimeManager(session)
    pinned = clock.pinned()
    clock.advance_to(session.open)
    assert (pinned.now, clock.now) == (session.pre_open, session.open)
    assert pinned.get_current_time() < clock.get_current_time()
