"""Joining symbols that are prepared on another thread."""

from __future__ import annotations

import threading

from support.joining import SESSION, Joined, at
from symscan.model.instant import SECOND


def test_preparing_waits_until_the_last_bar_can_be_had() -> None:
    joined = Joined([], waits_for_session=False)
    joined.feed.clock = at(1) + SECOND
    waiting = threading.Thread(target=joined.source.prepare_catch_up, args=(["B"],))
    waiting.start()
    assert joined.feed.fetches == []
    joined.feed.clock = at(1) + 2 * SECOND
    waiting.join(60)
    ((symbols, after, until),) = joined.feed.fetches
    assert (symbols, after) == (["B"], SESSION.pre_open)
    assert until >= at(1) + 2 * SECOND


def test_preparing_ends_when_the_session_is_stopped() -> None:
    joined = Joined([], waits_for_session=False)
    waiting = threading.Thread(target=joined.source.prepare_catch_up, args=(["B"],))
    joined.feed.clock = at(1) + SECOND
    waiting.start()
    joined.source.stop()
    waiting.join(60)
    assert not waiting.is_alive()
    assert joined.feed.fetches == []
