"""A session that is written on a thread: whole once it was waited for, or an error."""

from __future__ import annotations

from datetime import date

import pytest

from symscan.errors import RunError
from symscan.observers.results.write_behind import WriteBehind

DAY = date(2018, 2, 27)


def test_a_session_is_whole_once_it_was_waited_for() -> None:
    behind, written = WriteBehind(), []
    behind.begin(DAY, lambda: written.append(DAY))
    assert behind.wait() == DAY
    assert written == [DAY]
    assert behind.wait() is None


def test_an_interrupt_that_polars_raises_on_the_thread_begins_the_writing_anew() -> None:
    behind, tries = WriteBehind(), []

    def write() -> None:
        tries.append(DAY)
        if len(tries) == 1:
            raise KeyboardInterrupt

    behind.begin(DAY, write)
    assert behind.wait() == DAY
    assert tries == [DAY, DAY]


def test_what_cannot_be_written_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise RunError("full")

    behind = WriteBehind()
    behind.begin(DAY, fail)
    with pytest.raises(RunError, match="full"):
        behind.wait()
