"""A stream as slices: what is closed when, and what comes between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, Day, Price, make_session
from support.feeds import ScriptedFeed, arrivals, five
from symscan.model.bar import BarSlice, DayComplete, InterimUpdate, LateKind, SourceUpdate
from symscan.model.events.feed import (
    BarsLost,
    BarsRefused,
    FeedConnected,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    SubscriptionLimited,
)
from symscan.model.events.session import Event
from symscan.model.instant import SECOND, Instant
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.sources.ports import BarsDropped, Connected, Disconnected, EndOfStream, Notice
from symscan.sources.streaming.source import StreamSource

SESSION = make_session(minutes=6, premarket=2)
OPEN, MS = SESSION.open, 1_000
LONG = make_session(minutes=20, premarket=2)
assert LONG.open == OPEN
Script = Sequence[tuple[Instant, Any]]


def at(minute: float, ms: int = 0) -> Instant:
    """So many minutes after the open."""
    return OPEN + round(minute * MINUTE) + ms * MS


def bar(symbol: str, minute: int, price: Price, corrected: bool = False) -> Any:
    """The bar of a symbol that ends so many minutes after the open."""
    return arrivals((symbol, at(minute), price), corrected=corrected)


class Live:
    """A live source over a script, and what it gave."""

    def __init__(
        self,
        script: Script,
        symbols: Sequence[str] = ("A", "B"),
        day: dict[str, Day] | None = None,
        start: Instant | None = None,
        clock: Instant | None = None,
        limit: int | None = None,
        keeps_zero_volume: bool = False,
        session: Session = SESSION,
        completes_day: bool = False,
        **settings: Any,
    ) -> None:
        self.feed = ScriptedFeed(session, script, day, start=clock, limit=limit)
        chosen = LiveSettings(**settings)
        self.source = StreamSource(
            self.feed,
            session,
            chosen,
            start,
            keeps_zero_volume=keeps_zero_volume,
            completes_day=completes_day,
        )
        self.source.subscribe({symbol: column for column, symbol in enumerate(symbols)}, max(4, len(symbols)))
        self.slices: list[BarSlice] = []
        self.given_at: list[Instant] = []
        self.late: list[tuple[int, LateKind, list[int], list[float]]] = []
        self.events: list[Event] = []
        self.betweens = 0
        self.completed_at: list[Instant | None] = []

    def play(self, on_slice: Callable[[SourceUpdate], None] = lambda _: None) -> Live:
        for moment in self.source.slices():
            self.events += self.source.drain_events()
            if isinstance(moment, InterimUpdate):
                self.betweens += 1
                for one in moment.late:
                    minute = (one.end - OPEN) // MINUTE
                    self.late.append((minute, one.kind, one.rows.tolist(), one.fields[3].tolist()))
            elif isinstance(moment, DayComplete):
                self.completed_at.append(moment.at)
            else:
                self.slices.append(moment)
                self.given_at.append(self.feed.clock)
            on_slice(moment)
        self.events += self.source.drain_events()
        return self

    def closes(self, column: int) -> dict[int, float]:
        """The close of each slice that has a bar of a column, by minute."""
        return {
            (one.end - OPEN) // MINUTE: one.bars.close.item(column)
            for one in self.slices
            if one.bars is not None and column < len(one.bars.present) and one.bars.present[column]
        }

    def waited(self, minute: int) -> float:
        """How long after its end a minute was closed, milliseconds."""
        (given,) = [
            given for one, given in zip(self.slices, self.given_at, strict=True) if one.end == at(minute)
        ]
        return (given - at(minute)) / MS

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_every_minute_is_given_once_and_in_order() -> None:
    live = Live([(at(1), bar("A", 1, 1.0)), (at(3), bar("B", 3, 3.0))]).play()
    assert [one.end for one in live.slices] == [at(minute) for minute in range(-1, 7)]
    assert all(one.bars is not None and one.bars.fields.shape == (5, 4) for one in live.slices)
    assert (live.closes(0), live.closes(1)) == ({1: 1.0}, {3: 3.0})
    assert not any(one.is_recovered or one.lag for one in live.slices)
    blank = live.slices[-1].bars
    assert blank is not None
    assert np.isnan(blank.close).all()
    assert (blank.volume == 0).all()


def test_a_minute_closes_when_all_have_reported_or_after_quiet_or_grace() -> None:
    both = arrivals(("A", at(1), 1.0), ("B", at(1), 1.0))
    live = Live([(at(1, 50), both), (at(2, 50), bar("A", 2, 2.0)), (at(3, 1900), bar("A", 3, 2.0))]).play()
    assert [live.waited(minute) for minute in (1, 2, 3, 4)] == [50, 350, 2000, 2000]


def test_quiet_counts_from_the_last_bar_of_that_minute_alone() -> None:
    early = arrivals(("A", at(2), 2.0))
    script = [(at(1, 50), bar("A", 1, 1.0)), (at(1, 300), early), (at(2, 10), bar("B", 2, 2.0))]
    live = Live(script).play()
    assert live.waited(1) == 350
    assert live.waited(2) == 0  # A's came a minute early, and nothing after it
    assert live.late == [(2, LateKind.LATE, [1], [2.0])]


def test_a_late_bar_comes_between_two_slices() -> None:
    live = Live([(at(1), bar("A", 1, 1.0)), (at(1, 5000), bar("B", 1, 7.0))]).play()
    assert live.late == [(1, LateKind.LATE, [1], [7.0])]
    assert live.closes(1) == {}


def test_a_duplicate_is_nothing_and_a_different_bar_a_correction() -> None:
    script = [(at(1), bar("A", 1, 1.0)), (at(1, 5000), bar("A", 1, 1.0)), (at(1, 6000), bar("A", 1, 2.0))]
    assert Live(script).play().late == [(1, LateKind.CORRECTED, [0], [2.0])]


def test_a_correction_in_an_open_minute_replaces_the_bar() -> None:
    script = [
        (at(1, 10), bar("A", 1, 1.0)),
        (at(1, 20), bar("A", 1, 2.0, corrected=True)),
        (at(1, 30), bar("A", 1, 1.0)),  # the first one once more
    ]
    live = Live(script).play()
    assert live.closes(0) == {1: 2.0}
    assert live.late == []


def test_of_one_batch_the_last_bar_counts() -> None:
    twice = arrivals(("A", at(1), 1.0), ("A", at(1), 2.0))
    live = Live([(at(1), twice), (at(2, 5000), twice)]).play()
    assert live.closes(0) == {1: 2.0}
    assert live.late == []


def test_late_bars_come_before_the_slice_that_follows() -> None:
    order: list[Any] = []
    live = Live([(at(1), bar("A", 1, 1.0)), (at(2, 1999), bar("B", 1, 7.0))])
    live.play(lambda moment: order.append(getattr(moment, "end", getattr(moment, "late", None) or None)))
    late = next(index for index, one in enumerate(order) if isinstance(one, tuple))
    assert order[late - 1] == at(1)
    assert order[late + 1] == at(2)


@pytest.mark.parametrize(
    "values",
    [
        (1.0, 1.0, 2.0, 1.0, 1.0),
        (1.0, 1.5, 1.0, 2.0, 1.0),
        (1.0, 2.0, 1.5, 2.0, 1.0),
        (1.0, float("inf"), 1.0, 1.0, 1.0),
        (1.0, 1.0, 0.0, 1.0, 1.0),
        (1.0, float("nan"), 1.0, 1.0, 1.0),
        (1.0, 1.0, 1.0, 1.0, -1.0),
    ],
)
def test_a_bar_that_cannot_be_is_dropped_and_told(values: tuple[float, ...]) -> None:
    live = Live([(at(1), arrivals(("A", at(1), values), ("B", at(1), 2.0)))]).play()
    assert (live.closes(0), live.closes(1)) == ({}, {1: 2.0})
    (notice,) = live.of(FeedNotice)
    assert notice.message.startswith(
        "1 malformed bar was dropped, such as A ending 2018-02-27T14:31:00Z (open"
    )


def test_a_malformed_bar_is_fetched_again_by_its_symbol() -> None:
    malformed = (at(3), arrivals(("B", at(3), (1.0, 1.0, 2.0, 1.0, 1.0))))
    live = Live([*flow(("B", 3)), malformed], day=BOTH, session=LONG).play()
    assert live.late == [(3, LateKind.RECOVERED, [1], [13.0])]
    assert live.feed.fetches[0][:2] == (["B"], at(1))


def test_a_bar_without_volume_is_dropped_as_an_import_drops_it() -> None:
    untraded, wrong = (1.0, 1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 0.0, 1.0, 0.0)
    script = [(at(1), arrivals(("A", at(1), untraded), ("B", at(1), wrong), ("A", at(2), 2.0)))]
    live = Live(script).play()
    assert (live.closes(0), live.closes(1)) == ({2: 2.0}, {})
    (notice,) = live.of(FeedNotice)
    assert notice.message.startswith("2 bars without volume were dropped, such as A ending 2018-02-27T14:31")


def test_bars_without_volume_of_a_store_that_keeps_them_are_used() -> None:
    untraded, wrong = (1.0, 1.0, 1.0, 1.0, 0.0), (1.0, 1.0, 0.0, 1.0, 0.0)
    live = Live([(at(1), arrivals(("A", at(1), untraded), ("B", at(1), wrong)))], keeps_zero_volume=True)
    live.play()
    assert (live.closes(0), live.closes(1)) == ({1: 1.0}, {})
    (notice,) = live.of(FeedNotice)
    assert notice.message.startswith("1 malformed bar was dropped, such as B ending")


def test_bars_that_end_nowhere_or_are_of_another_time() -> None:
    stray = arrivals(("A", at(1.5), 1.0), ("A", at(7), 1.0), ("A", at(-2), 1.0), ("Z", at(1), 1.0))
    live = Live([(at(1), stray)])
    live.feed.subscribed.add("Z")
    live.play()
    assert live.closes(0) == {}
    assert [one.message[:23] for one in live.of(FeedNotice)] == ["1 malformed bar was dro"]


def test_while_the_feed_is_lost_time_stands_still_and_the_gap_is_fetched() -> None:
    day: dict[str, Day] = {"A": {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}, "B": {1: 9.0}}
    script = [
        (at(1), bar("A", 1, 1.0)),
        (at(1, 30_000), Disconnected("a cable")),
        (at(3, 10_000), Connected()),
        (at(4), bar("A", 4, 4.0)),
    ]
    live = Live(script, day=day).play()
    assert live.closes(0) == {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}
    assert live.closes(1) == {2: 9.0}
    assert [one.is_recovered for one in live.slices] == [False] * 3 + [True] * 2 + [False] * 3
    assert live.late == []
    (lost,), (recovered,) = live.of(FeedLost), live.of(FeedRecovered)
    assert (lost.reason, lost.at) == ("a cable", at(1, 30_000))
    assert (recovered.since, recovered.bars) == (at(1), 3)
    assert [event.at for event in live.of(FeedConnected)] == [SESSION.pre_open, at(3, 10_000)]


def test_a_fetch_that_fails_is_tried_again_and_nothing_goes_on_without_it() -> None:
    script = [(at(1, 30_000), Disconnected("x")), (at(2, 10_000), Connected()), (at(3), bar("A", 3, 3.0))]
    live = Live(script, day={"A": {1: 2.0, 2: 3.0}})
    live.feed.failing = 7
    live.play()
    assert live.closes(0) == {2: 2.0, 3: 3.0}
    assert len(live.of(FeedNotice)) == 7
    tries = [until for _, _, until in live.feed.fetches]
    assert [(late - early) / SECOND for early, late in pairwise(tries[:7])] == [
        1,
        2,
        4,
        8,
        16,
        32,
    ]


def test_what_was_lost_just_before_the_connection_broke_is_recovered() -> None:
    script = [(at(2, 10_000), Disconnected("x")), (at(2, 20_000), Connected())]
    live = Live(script, day={"A": {1: 2.0}}).play()
    assert live.late == [(2, LateKind.RECOVERED, [0], [2.0])]


def test_a_session_that_begins_in_the_middle_fetches_the_minutes_before() -> None:
    live = Live([(at(4), bar("A", 4, 4.0))], day={"A": {-1: 9.0, 0: 1.0, 3: 4.0}}, clock=at(3, 20_000)).play()
    assert live.closes(0) == {0: 9.0, 1: 1.0, 4: 4.0}
    assert [one.is_recovered for one in live.slices] == [True] * 5 + [False] * 3


def test_a_resumed_session_goes_on_after_its_last_minute() -> None:
    day: dict[str, Day] = {"A": {0: 1.0, 1: 2.0, 2: 3.0}}
    earlier = Live([(at(minute), bar("A", minute, float(minute))) for minute in (1, 2, 3)]).play().slices
    live = Live([], day=day, start=at(2), clock=at(3, 20_000))
    live.source.restore_bars([one.bars for one in earlier if one.bars is not None and one.end <= at(2)])
    live.play()
    assert [one.end for one in live.slices] == [at(minute) for minute in (3, 4, 5, 6)]
    assert live.closes(0) == {3: 3.0}
    assert live.late == []


def test_silence_is_told_once_and_filled_when_bars_flow_again() -> None:
    day: dict[str, Day] = {"A": {minute: 1.0 + minute for minute in range(6)}}
    script = [(at(1), bar("A", 1, 1.0)), (at(5), bar("A", 5, 5.0)), (at(6), bar("A", 6, 6.0))]
    live = Live(script, day=day).play()
    (silent,) = live.of(FeedSilent)
    assert (silent.at, silent.since) == (at(2.5), at(1))
    kinds = [(minute, kind) for minute, kind, _, _ in live.late]
    assert kinds == [(2, LateKind.RECOVERED), (3, LateKind.RECOVERED), (4, LateKind.RECOVERED)]


def test_a_minute_that_went_by_without_a_bar_is_asked_for() -> None:
    day: dict[str, Day] = {"A": {minute: 1.0 + minute for minute in range(6)}}
    script = [(at(minute), bar("A", minute, float(minute))) for minute in (1, 3, 4, 5, 6)]
    live = Live(script, day=day, silent_seconds=600).play()
    assert live.of(FeedSilent) == []
    assert live.late == [(2, LateKind.RECOVERED, [0], [2.0])]


def test_a_session_that_is_slow_does_not_take_the_feed_for_silent() -> None:
    script = [(at(minute), bar("A", minute, 10.0 + minute)) for minute in range(-1, 7)]
    live = Live(script, day={"A": {minute: 11.0 + minute for minute in range(-2, 6)}})

    def dawdle(moment: SourceUpdate) -> None:
        if isinstance(moment, BarSlice) and moment.end == at(1):
            live.feed.clock += 3 * MINUTE

    live.play(dawdle)
    assert live.of(FeedSilent) == []
    assert live.closes(0) == {minute: 10.0 + minute for minute in range(-1, 7)}
    assert not [until for _, _, until in live.feed.fetches if at(1) < until < SESSION.close]


def test_before_the_open_silence_is_nothing() -> None:
    live = Live([(at(minute), bar("A", minute, 1.0)) for minute in range(1, 7)]).play()
    assert live.of(FeedSilent) == []


def test_at_the_end_a_last_look_is_taken() -> None:
    live = Live([], day={"A": {5: 6.0}}).play()
    assert live.slices[-1].end == SESSION.close
    assert live.late == [(6, LateKind.RECOVERED, [0], [6.0])]
    assert live.feed.clock == SESSION.close + 2 * SECOND


def test_a_last_look_that_fails_does_not_hold_up_the_end_for_long() -> None:
    live = Live([], day={"A": {5: 6.0}}, silent_seconds=600)
    live.feed.failing = 99
    live.play()
    assert live.late == []
    assert live.feed.clock == SESSION.close + 12 * SECOND
    assert len(live.of(FeedNotice)) == 4  # at once, and after 1, 2 and 4 seconds


def test_a_late_bar_of_the_last_minute_still_counts() -> None:
    live = Live([(at(6), bar("A", 6, 6.0)), (at(6, 1500), bar("B", 6, 7.0))]).play()
    assert live.late == [(6, LateKind.LATE, [1], [7.0])]


def test_a_feed_that_has_ended_is_not_waited_for() -> None:
    live = Live([(at(2), EndOfStream())]).play()
    assert [one.end for one in live.slices][-1] == SESSION.close


def test_a_wake_gives_a_moment_and_a_stop_the_last_one() -> None:
    live = Live([], silent_seconds=600)
    live.feed.script.append((at(0.5), live.feed.wake))
    live.feed.script.append((at(2.5), live.source.stop))
    live.play()
    assert live.betweens == 3  # the connection, too
    assert live.slices[-1].end == at(2)


def test_a_slow_session_still_takes_what_waits_before_it_closes_a_minute() -> None:
    live = Live([(at(minute), bar("A", minute, float(minute))) for minute in (1, 2, 3)])

    def dawdle(moment: SourceUpdate) -> None:
        if isinstance(moment, BarSlice) and moment.end == at(1):
            live.feed.clock = at(3, 30_000)

    live.play(dawdle)
    assert live.closes(0) == {1: 1.0, 2: 2.0, 3: 3.0}
    assert live.late == []
    assert [one.lag / SECOND for one in live.slices] == [0, 0, 0, 88, 28, 0, 0, 0]
    assert not any(one.is_recovered for one in live.slices)


# -- bars the feed lost, and bars of another time -----------------------------------------------------------

BOTH: dict[str, Day] = {symbol: {minute: 11.0 + minute for minute in range(-2, 20)} for symbol in "AB"}


def flow(*lost: tuple[str, int]) -> list[tuple[Instant, Any]]:
    """The bars of both symbols as they come, without some."""
    return [
        (at(minute), bar(symbol, minute, 10.0 + minute))
        for minute in range(-1, 21)
        for symbol in "AB"
        if (symbol, minute) not in lost
    ]


def test_bars_that_the_feed_dropped_are_fetched_at_once() -> None:
    script = [*flow(("B", 3), ("B", 4)), (at(4, 500), BarsDropped("slow client"))]
    live = Live(script, day=BOTH, session=LONG).play()
    (dropped,), (recovered,) = live.of(FeedDroppedBars), live.of(FeedRecovered)
    assert (dropped.at, dropped.since, dropped.reason) == (at(4, 500), at(2), "slow client")
    assert (recovered.at, recovered.since, recovered.bars) == (at(4, 2_000), at(2), 2)
    assert live.late == [(minute, LateKind.RECOVERED, [1], [10.0 + minute]) for minute in (3, 4)]
    assert live.of(BarsLost) == []


def test_a_session_that_lost_bars_is_fetched_once_more_before_its_close() -> None:
    """What could not be had at first, or was lost long before the notice, is had in the end."""
    script = [*flow(("B", 1), ("B", 7)), (at(7, 500), BarsDropped("slow client"))]
    late: dict[str, Day] = {"A": BOTH["A"], "B": {n: p for n, p in BOTH["B"].items() if n not in (0, 6)}}
    live = Live([*script, (at(10), lambda: live.feed.day.update(BOTH))], day=late, session=LONG)
    put_right: list[Instant] = []
    live.play(lambda moment: put_right.extend([live.feed.clock] * len(getattr(moment, "late", ()))))
    assert live.late == [(minute, LateKind.RECOVERED, [1], [10.0 + minute]) for minute in (1, 7)]
    assert put_right == [at(15)] * 2  # in time for the last scans
    everything = [until for _, after, until in live.feed.fetches if after == LONG.pre_open]
    assert everything == [at(15)]


def test_without_a_loss_the_session_is_not_fetched_again() -> None:
    live = Live(flow(), day=BOTH, session=LONG).play()
    assert [after for _, after, _ in live.feed.fetches] == [at(18)]  # the last look


def test_many_symbols_are_fetched_once_more_in_portions() -> None:
    names = [f"S{number:03}" for number in range(250)]
    live = Live([(at(2), BarsDropped("x"))], names, session=LONG, silent_seconds=6_000).play()
    before = [(symbols, until) for symbols, _, until in live.feed.fetches if at(10) < until < at(20)]
    assert [until for _, until in before] == [at(15), at(16, 20_000), at(17, 40_000)]
    assert sorted(symbol for symbols, _ in before for symbol in symbols) == names


def test_what_stays_lost_is_said() -> None:
    script = [*flow(("B", 4)), (at(4, 500), BarsDropped("slow client"))]
    live = Live(script, day=BOTH, session=LONG)
    live.feed.failing = 10_000
    live.play()
    (lost,) = live.of(BarsLost)
    assert (lost.at, lost.since, lost.until, lost.symbols) == (at(20, 12_000), at(3), at(4), ())
    assert live.late == []


def test_minutes_that_were_delivered_are_not_lost() -> None:
    dropped = [(at(4, 500), BarsDropped("x")), (at(9, 500), BarsDropped("y"))]
    live = Live([*flow(("A", 8), ("B", 9)), *dropped], day=BOTH, session=LONG)
    live.feed.failing = 10_000
    live.play()
    assert [(lost.since, lost.until) for lost in live.of(BarsLost)] == [(at(7), at(9))]


def test_a_fetch_that_was_put_off_is_tried_again_at_the_close() -> None:
    recovers = (at(20), lambda: setattr(live.feed, "failing", 0))
    live = Live([*flow(("B", 4)), (at(4, 500), BarsDropped("x")), recovers], day=BOTH, session=LONG)
    live.feed.failing = 10_000
    live.play()
    assert live.of(BarsLost) == []
    assert live.late == [(4, LateKind.RECOVERED, [1], [14.0])]


def test_a_resumed_session_knows_that_bars_were_lost() -> None:
    blocks = [one.bars for one in Live(flow(("B", 2)), session=LONG).play().slices if one.bars is not None]
    to_come = [one for one in flow() if one[0] > at(9)]
    live = Live(to_come, day=BOTH, start=at(9), clock=at(9, 20_000), session=LONG)
    live.source.restore_bars([block for block in blocks if block.end <= at(9)])
    live.source.restore_drop(at(2))
    live.play()
    assert live.late == [(2, LateKind.RECOVERED, [1], [12.0])]


def test_a_bar_of_the_future_is_refused_and_silence_noticed_all_the_same() -> None:
    day: dict[str, Day] = {"A": {minute: 1.0 + minute for minute in range(6)}}
    future = (at(1, 10), bar("A", 5, 99.0))
    script = [(at(1), bar("A", 1, 1.0)), future, (at(5, 5), bar("A", 5, 5.0)), (at(6), bar("A", 6, 6.0))]
    live = Live(script, ("A",), day=day).play()
    (refused,) = live.of(BarsRefused)
    assert refused.bars == 1
    example = "such as A ending 2018-02-27T14:35:00Z, which came at 2018-02-27T14:31:00.010000Z"
    assert example in refused.reason
    assert live.closes(0) == {1: 1.0, 5: 5.0, 6: 6.0}
    assert [one.at for one in live.of(FeedSilent)] == [at(2.5)]
    assert [(minute, kind) for minute, kind, _, _ in live.late] == [
        (minute, LateKind.RECOVERED) for minute in (2, 3, 4)
    ]


def test_a_feed_that_repeats_itself_is_silent() -> None:
    same = [(at(1, second * SECOND // MS), bar("A", 1, 1.0)) for second in range(0, 300, 10)]
    live = Live(same, day={"A": {0: 1.0, 1: 2.0}}).play()
    assert [one.at for one in live.of(FeedSilent)] == [at(2.5)]
    assert live.late == [(2, LateKind.RECOVERED, [0], [2.0])]


def test_a_bar_with_a_wrong_time_does_not_stay() -> None:
    live = Live([*flow(), (at(12, 100), bar("A", 3, 22.0))], day=BOTH, session=LONG).play()
    assert [closes for *_, closes in live.late] == [[22.0], [13.0]]
    assert {minute for minute, *_ in live.late} == {3}


def test_notices_are_passed_on() -> None:
    assert [event.message for event in Live([(at(1), Notice("slow"))]).play().of(FeedNotice)] == ["slow"]


def test_an_open_feed_counts_as_connected_until_it_is_lost() -> None:
    live = Live([(at(1), Disconnected("gone")), (at(3), Connected())])
    assert (live.source.is_connected, live.source.clock_offset_ms()) == (True, 1.5)
    states: list[bool] = []
    live.play(lambda _: states.append(live.source.is_connected))
    changes = [state for state, after in pairwise([*states, None]) if state is not after]
    assert changes == [True, False, True]


def test_a_budget_keeps_the_preferred_and_tells_who_is_left_out() -> None:
    live = Live([], ("A", "B", "C"), max_symbols=2)
    assert live.feed.subscribed == {"A", "B"}
    live.source.prefer(["C", "nobody"])
    assert live.feed.subscribed == {"A", "C"}
    live.source.prefer(["C"])
    assert [
        (event.limit, event.left_out)
        for event in live.source.drain_events()
        if isinstance(event, SubscriptionLimited)
    ] == [
        (2, ("C",)),
        (2, ("B",)),
    ]
    live.source.unsubscribe(["A"])
    assert [
        event.left_out for event in live.source.drain_events() if isinstance(event, SubscriptionLimited)
    ] == [()]


def test_who_has_no_place_is_said_once_when_a_session_is_resumed() -> None:
    live = Live([], ("A", "B", "C"), max_symbols=2)
    for preferred in ("C", "B", "C"):  # as the record is gone through
        live.source.prefer([preferred])
    live.source.restore_bars([])
    assert [
        event.left_out for event in live.source.drain_events() if isinstance(event, SubscriptionLimited)
    ] == [("B",)]


def test_a_limit_that_the_feed_reports_counts_as_one_of_the_configuration() -> None:
    day: dict[str, Day] = {symbol: {minute: 1.0 + minute for minute in range(6)} for symbol in "ABC"}
    script = [(at(n), arrivals(*((symbol, at(n), float(n)) for symbol in "ABC"))) for n in range(1, 7)]
    live = Live(script, ("A", "B", "C"), day, limit=2)

    def lock(moment: SourceUpdate) -> None:
        if isinstance(moment, BarSlice) and moment.end == at(2):
            live.source.prefer(["C"])  # as the session does for one that was locked

    live.play(lock)
    assert [(one.limit, one.left_out) for one in live.of(SubscriptionLimited)] == [(2, ("C",)), (2, ("B",))]
    assert live.feed.subscribed == {"A", "C"}
    assert (live.closes(1), live.closes(2)) == ({1: 1.0, 2: 2.0}, {3: 3.0, 4: 4.0, 5: 5.0, 6: 6.0})
    got = {minute: kind for minute, kind, rows, _ in live.late if rows == [2]}
    assert got == dict.fromkeys((1, 2), LateKind.RECOVERED)


def test_a_symbol_that_is_preferred_when_the_limit_is_found_gets_its_bars() -> None:
    """The broker took those that were asked for first; who matters most was asked for last."""
    day: dict[str, Day] = {symbol: {minute: 1.0 + minute for minute in range(6)} for symbol in "ABC"}
    script = [(at(n), arrivals(*((symbol, at(n), float(n)) for symbol in "ABC"))) for n in range(1, 7)]
    live = Live(script, ("A", "B", "C"), day, limit=2)
    live.source.prefer(["C", "B"])  # before the feed has said anything of a limit
    live.play()
    assert live.feed.subscribed == {"B", "C"}
    assert live.closes(2) == {minute: float(minute) for minute in range(1, 7)}
    assert [one.left_out for one in live.of(SubscriptionLimited)] == [("A",)]


def test_who_gets_a_place_later_gets_the_bars_before_it() -> None:
    day: dict[str, Day] = {symbol: {minute: 1.0 + minute for minute in range(6)} for symbol in "ABC"}
    script = [(at(n), arrivals(*((symbol, at(n), float(n)) for symbol in "ABC"))) for n in range(1, 7)]
    live = Live(script, ("A", "B", "C"), day, max_symbols=2)

    def let_go(moment: SourceUpdate) -> None:
        if isinstance(moment, BarSlice) and moment.end == at(3):
            live.source.unsubscribe(["A"])

    live.play(let_go)
    assert live.closes(2) == {4: 4.0, 5: 5.0, 6: 6.0}
    assert [(minute, kind, rows) for minute, kind, rows, _ in live.late] == [
        (minute, LateKind.RECOVERED, [2]) for minute in (1, 2, 3)
    ]


def test_the_numbers_of_a_bar_are_kept_as_they_are() -> None:
    values = (10.0, 12.0, 9.0, 11.0, 300.0)
    live = Live([(at(1), arrivals(("A", at(1), values)))]).play()
    block = live.slices[2].bars
    assert block is not None
    assert tuple(block.fields[:, 0].tolist()) == five(values)


MINUTELY = [(at(minute), bar("A", minute, 10.0)) for minute in range(1, 7)]


def test_the_day_is_complete_a_minute_after_the_close_or_the_last_correction() -> None:
    quiet = Live(MINUTELY, ["A"], completes_day=True).play()
    assert quiet.completed_at == [at(7)]
    late = [
        (at(6, 30_000), bar("A", 5, 11.0, corrected=True)),
        (at(7, 10_000), bar("A", 6, 12.0, corrected=True)),
    ]
    assert Live([*MINUTELY, *late], ["A"], completes_day=True).play().completed_at == [at(8, 10_000)]


def test_the_day_is_complete_five_minutes_after_the_close_whatever_comes() -> None:
    late = [(at(6 + 0.5 * n), bar("A", 6, 10.0 + n, corrected=True)) for n in range(1, 16)]
    live = Live([*MINUTELY, *late], ["A"], completes_day=True).play()
    assert live.completed_at == [at(11)]
    assert [prices for *_, prices in live.late][-1] in ([19.0], [20.0])


def test_nothing_waits_for_the_complete_day_where_nobody_does() -> None:
    live = Live(MINUTELY, ["A"]).play()
    assert live.completed_at == []
    assert live.feed.clock < at(7)
