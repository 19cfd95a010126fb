"""A day that is laid out on a thread: taken by who needs it, and by nobody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from support.builders import make_session
from symscan.bars.dense import DenseBars, Slots
from symscan.errors import DataError
from symscan.model.interval import ONE_MINUTE
from symscan.sources.stored.day_layout import DayLayout
from symscan.sources.stored.read_ahead import ReadAhead

SESSION = make_session()
FIRST, SECOND = Path("first"), Path("second")


def _layout() -> DayLayout:
    return DayLayout({"A": 0}, DenseBars(Slots.regular(SESSION, ONE_MINUTE), 1), None)


def test_a_day_is_given_once_to_who_asks_for_its_file() -> None:
    ahead, layout = ReadAhead(), _layout()
    ahead.begin(FIRST, lambda: layout)
    assert ahead.take(FIRST) is layout
    assert ahead.take(FIRST) is None


@pytest.mark.parametrize("asked", [SECOND, None])
def test_another_day_than_the_one_needed_is_dropped(asked: Path | None) -> None:
    ahead = ReadAhead()
    ahead.begin(FIRST, _layout)
    assert ahead.take(asked) is None
    assert ahead.take(FIRST) is None


def test_a_day_in_no_file_is_not_read_ahead() -> None:
    ahead = ReadAhead()
    ahead.begin(None, lambda: pytest.fail("laid out"))
    assert ahead.take(None) is None


def test_taking_waits_for_what_is_begun() -> None:
    ahead, layout, may_go_on = ReadAhead(), _layout(), threading.Event()

    def lay_out() -> DayLayout:
        may_go_on.wait()
        return layout

    ahead.begin(FIRST, lay_out)
    may_go_on.set()
    assert ahead.take(FIRST) is layout


def test_what_cannot_be_read_is_left_to_the_session_that_needs_it() -> None:
    def fail() -> DayLayout:
        raise DataError("gone")

    ahead = ReadAhead()
    ahead.begin(FIRST, fail)
    assert ahead.take(FIRST) is None
    ahead.begin(SECOND, _layout)  # and the next one is not harmed
    assert ahead.take(SECOND) is not None


def test_an_interrupt_that_polars_raises_on_the_thread_is_the_main_thread_s_alone() -> None:
    def interrupted() -> DayLayout:
        raise KeyboardInterrupt

    ahead = ReadAhead()
    ahead.begin(FIRST, interrupted)
    assert ahead.take(FIRST) is None
