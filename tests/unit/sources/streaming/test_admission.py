"""The seam where a symbol joins a running stream: no bar missing, none doubled."""

from __future__ import annotations

from typing import Any

import pytest

from support.builders import MINUTE
from support.feeds import arrivals
from support.joining import DAY, OPEN, Joined, at
from symscan.model.bar import BarSlice, InterimUpdate
from symscan.model.events.feed import FeedNotice
from symscan.model.instant import Instant
from symscan.sources.streaming.admission import PendingBars
from symscan.sources.streaming.minute_buffer import BarPriority


def on_time(delay: int = 100_000) -> list[tuple[Instant, Any]]:
    """Every bar so long after its end, microseconds."""
    bars = [
        (symbol, at(start + 1), price) for symbol, day in DAY.items() for start, price in sorted(day.items())
    ]
    return [(end + delay, arrivals((symbol, end, price))) for symbol, end, price in bars]


WHOLE = {start + 1: price for start, price in DAY["B"].items()}


@pytest.mark.parametrize("delay", [0, 100_000, 1_500_000, 4_000_000, 61_000_000])
@pytest.mark.parametrize(
    ("prepare", "join"), [(None, 2), (1, 1), (1, 3), (2, 3.01), (0.5, 5), (-2, 0), (4, 6)]
)
def test_a_symbol_that_joins_gets_every_bar_once(prepare: float | None, join: float, delay: int) -> None:
    assert Joined(on_time(delay)).play(prepare, join).got == WHOLE


def test_bars_of_an_open_minute_wait_for_their_symbol() -> None:
    joined = Joined(on_time())
    joined.feed.script.append((at(3) + 150_000, joined.feed.wake))
    joined.feed.script.sort(key=lambda one: one[0])
    moments = joined.source.slices()
    joined.source.prepare_catch_up(["B"])
    for moment in moments:
        if isinstance(moment, BarSlice):
            joined.ends.append(moment.end)
        if joined.feed.clock > at(4) and isinstance(moment, BarSlice):
            assert moment.bars is not None
            assert moment.bars.close.item(1) == 23.0
            return
        if isinstance(moment, InterimUpdate) and joined.feed.clock == at(3) + 150_000:
            joined.join()
    raise AssertionError("minute 4 was not given")


def test_a_correction_that_waited_counts_more_than_what_was_fetched() -> None:
    right = arrivals(("B", at(1), 99.0), corrected=True)
    joined = Joined([*on_time(), (at(2) + 500_000, right)])
    moments = joined.source.slices()
    for moment in moments:
        if isinstance(moment, BarSlice):
            joined.ends.append(moment.end)
            if moment.end == at(1):
                joined.source.prepare_catch_up(["B"])
            if moment.end == at(3):
                joined.join()
                break
    assert [block.close.item() for block in joined.blocks if block.present.item()] == [20 - 1, 99.0, 21.0]


def test_a_fetch_on_the_spot_that_fails_is_made_good_later() -> None:
    joined = Joined(on_time())
    joined.feed.failing = 1
    assert joined.play(None, 2).got == WHOLE
    (notice,) = [event for event in joined.source.drain_events() if isinstance(event, FeedNotice)]
    assert notice.message == "bars could not be fetched, tried again: busy"


def test_a_column_that_went_to_another_symbol_holds_nothing_of_the_first() -> None:
    joined = Joined(on_time())
    closes = []
    for moment in joined.source.slices():
        if isinstance(moment, InterimUpdate):
            assert all(
                DAY["B"][(one.end - OPEN) // MINUTE - 1] == one.fields[3].item() for one in moment.late
            )
            continue
        assert moment.bars is not None
        joined.ends.append(moment.end)
        closes.append(moment.bars.close.item(0))
        if moment.end == at(2):
            joined.source.unsubscribe(["A"])
            joined.join(column=0)
    assert closes[2:4] == [10.0, 11.0]
    assert closes[5:] == [23.0, 24.0, 25.0]
    assert joined.got == {0: 19.0, 1: 20.0, 2: 21.0}


def test_who_leaves_before_joining_is_forgotten() -> None:
    joined = Joined(on_time())
    joined.source.prepare_catch_up(["B"])
    joined.source.unsubscribe(["B"])
    assert joined.feed.subscribed == {"A"}
    assert joined.play(None, 3).got == WHOLE


def test_of_who_joined_meanwhile_nothing_more_is_kept() -> None:
    """Two asked for it, and it was there when the second load began: what came would be kept for ever."""
    joining = PendingBars()
    bar = arrivals(("B", at(1), 20.0))
    joining.begin(["B"])
    joining.add(bar, BarPriority.STREAMED)
    assert joining.release(["B"]) == [(BarPriority.STREAMED, bar)]
    joining.begin(["B"])
    joining.add(bar, BarPriority.STREAMED)
    joining.mark_prepared(["B"])
    assert not joining.is_prepared("B")
    assert joining.release(["B"]) == []
    joining.discard(["B"])
    joining.begin(["B"])
    joining.add(bar, BarPriority.STREAMED)
    assert joining.release(["B"]) == [(BarPriority.STREAMED, bar)]
