"""A stored day as a live feed: when it delivers what, and with which faults."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, make_session
from symscan.errors import DataError, FeedError
from symscan.model.bar import BarSlice, InterimUpdate
from symscan.model.instant import SECOND, Instant
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE, Interval
from symscan.model.live_settings import LiveSettings
from symscan.sources.ports import BarBatch, Connected, Disconnected, EndOfStream
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.store.bar_store import BarStore, bar_schema
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.streaming.source import StreamSource

SESSION = make_session(minutes=10, premarket=3)
OPEN = SESSION.open
FOREVER = SESSION.close + 1000 * MINUTE

Bars = dict[str, dict[int, float]]


def make_store(folder: Path, bars: Bars, interval: Interval = ONE_MINUTE) -> BarStore:
    """Bars by symbol and start in minutes after the open."""
    rows = [
        (SESSION.date, symbol, OPEN + minute * MINUTE, price, price + 1, price - 1, price, 100.0 + minute)
        for symbol, day in sorted(bars.items())
        for minute, price in sorted(day.items())
    ]
    schema = bar_schema(interval)
    frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
    store = BarStore.create(folder / "store")
    with store.updating() as update:
        update.put(interval, SESSION.date, frame)
    return store


def every_minute(symbols: str) -> Bars:
    return {
        symbol: {minute: 10.0 * (index + 1) + minute for minute in range(-2, 10)}
        for index, symbol in enumerate(symbols)
    }


def feed_of(
    folder: Path, bars: Bars, faults: str = "", speed: float | None = None, **more: Any
) -> ReplayFeed:
    feed = ReplayFeed(make_store(folder, bars), SESSION, speed, Faults.parse(faults), **more)
    feed.open()
    feed.subscribe(sorted(bars))
    return feed


def heard(feed: ReplayFeed) -> list[tuple[Instant, Any]]:
    """All that is delivered, and when."""
    told = []
    while not told or not isinstance(told[-1][1], EndOfStream):
        delivery = feed.receive(FOREVER)
        assert delivery is not None
        told.append((feed.now(), delivery))
    return told


def bars_heard(feed: ReplayFeed) -> list[tuple[float, str, float, float, bool]]:
    """Each bar: when it came, its symbol, when it ended (minutes after the open), its close, if corrected."""
    return [
        ((now - OPEN) / MINUTE, symbol, (end - OPEN) / MINUTE, close, one.corrected)
        for now, one in heard(feed)
        if isinstance(one, BarBatch)
        for symbol, end, close in zip(one.symbols, one.ends.tolist(), one.fields[3].tolist(), strict=True)
    ]


def test_bars_come_at_their_end_in_one_batch_and_then_it_ends(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, {"A": {-1: 9.0, 0: 10.0, 4: 14.0}, "B": {0: 5.0}})
    told = heard(feed)
    assert [type(one).__name__ for _, one in told] == [
        "Connected",
        "BarBatch",
        "BarBatch",
        "BarBatch",
        "EndOfStream",
    ]
    assert [(now - OPEN) // MINUTE for now, _ in told] == [-3, 0, 1, 5, 10]
    both = told[2][1]
    assert both.symbols == ["A", "B"]
    assert both.fields.T.tolist() == [[10, 11, 9, 10, 100], [5, 6, 4, 5, 100]]
    assert feed.receive(FOREVER) is None
    assert feed.now() == FOREVER
    assert (feed.name, feed.base, feed.waits_for_session, feed.clock_offset_ms()) == (
        "replay",
        ONE_MINUTE,
        True,
        None,
    )


def test_only_what_is_subscribed_comes(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("AB"))
    feed.unsubscribe(["A", "nobody"])
    assert feed.receive(OPEN + 2 * MINUTE) == Connected()
    feed.receive(OPEN - MINUTE)
    feed.subscribe(["A", "nobody"])
    feed.unsubscribe(["B"])
    assert {symbol for _, symbol, _, _, _ in bars_heard(feed)} == {"A"}


def test_time_jumps_to_the_deadline_if_nothing_comes_before(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, {"A": {3: 1.0}})
    assert feed.receive(OPEN) == Connected()
    assert feed.now() == SESSION.pre_open
    assert feed.receive(OPEN) is None
    assert feed.now() == OPEN
    feed.wake()
    assert feed.receive(FOREVER) is None
    assert feed.now() == OPEN


def test_a_fetch_gives_what_is_complete(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("AB"))
    feed.receive(OPEN)
    assert feed.bars(["A"], 0, FOREVER).symbols == []
    while feed.receive(OPEN + MINUTE) is not None:
        pass
    found = feed.bars(["B", "A", "nobody"], OPEN - MINUTE, FOREVER)
    assert found.symbols == ["A", "A", "B", "B"]
    assert ((found.ends - OPEN) // MINUTE).tolist() == [0, 1, 0, 1]
    assert found.fields[3].tolist() == [9, 10, 19, 20]
    assert feed.bars(["A"], OPEN, OPEN).symbols == []


def test_coarser_bars_end_on_their_grid(tmp_path: Path) -> None:
    feed = ReplayFeed(make_store(tmp_path, {"A": {0: 1.0, 5: 2.0}}, FIVE_MINUTES), SESSION, None)
    feed.subscribe(["A"])
    assert feed.base == FIVE_MINUTES
    assert [(came, end) for came, _, end, _, _ in bars_heard(feed)] == [(5, 5), (10, 10)]


def test_it_can_begin_in_the_middle(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("A"), start=OPEN + 4 * MINUTE)
    assert feed.now() == OPEN + 4 * MINUTE
    assert [end for _, _, end, _, _ in bars_heard(feed)] == [5, 6, 7, 8, 9, 10]


def test_late_bars(tmp_path: Path) -> None:
    told = bars_heard(feed_of(tmp_path, every_minute("ABCD"), "late=0.5:5s"))
    delays = {round((came - end) * 60) for came, _, end, _, _ in told}
    assert delays == {0, 5}
    assert len(told) == 48
    assert 12 < sum(came > end for came, _, end, _, _ in told) < 36


def test_a_corrected_bar_comes_wrong_first_but_whole(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("A"), "correct=1:30s")
    told = [(now, one) for now, one in heard(feed) if isinstance(one, BarBatch)]
    first, second = told[0][1], told[1][1]
    assert (first.corrected, second.corrected) == (False, True)
    assert told[1][0] - told[0][0] == 30 * SECOND
    assert first.fields[3].item() != second.fields[3].item() == 8.0
    wrong = first.fields[:, 0]
    assert wrong[2] <= min(wrong[0], wrong[3]) <= max(wrong[0], wrong[3]) <= wrong[1]
    assert feed.bars(["A"], 0, OPEN).fields[3].tolist() == [8, 9]


def test_duplicates_and_drops(tmp_path: Path) -> None:
    twice = bars_heard(feed_of(tmp_path / "a", every_minute("A"), "duplicate=1:3s"))
    assert len(twice) == 24
    assert sorted({round((came - end) * 60) for came, _, end, _, _ in twice}) == [0, 3]
    dropped = feed_of(tmp_path / "b", every_minute("A"), "drop=1")
    assert bars_heard(dropped) == []
    assert len(dropped.bars(["A"], 0, FOREVER).symbols) == 12


def test_silence_and_a_lost_connection(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("A"), "silence=9:31-9:33:30,disconnect=09:36-9:38")
    told = heard(feed)
    assert [((now - OPEN) // MINUTE, type(one)) for now, one in told if not isinstance(one, BarBatch)] == [
        (-3, Connected),
        (6, Disconnected),
        (8, Connected),
        (10, EndOfStream),
    ]
    minutes = [(now - OPEN) // MINUTE for now, one in told if isinstance(one, BarBatch)]
    assert minutes == [-1, 0, 4, 5, 8, 9, 10]


def test_connections_lost_twice_at_a_time_come_back_once(tmp_path: Path) -> None:
    lost = "disconnect=09:34-09:37,disconnect=09:32-09:35,disconnect=09:37-09:38,disconnect=09:33-09:34"
    told = heard(feed_of(tmp_path, every_minute("A"), lost))
    changes = [((now - OPEN) // MINUTE, type(one)) for now, one in told if not isinstance(one, BarBatch)]
    assert changes == [(-3, Connected), (2, Disconnected), (8, Connected), (10, EndOfStream)]


def test_which_bars_are_hit_depends_on_the_seed_alone(tmp_path: Path) -> None:
    def late(folder: str, symbols: str, seed: int) -> set[float]:
        told = bars_heard(feed_of(tmp_path / folder, every_minute(symbols), f"late=0.5:5s,seed={seed}"))
        return {end for came, symbol, end, _, _ in told if symbol == "C" and came > end}

    alone = late("a", "C", 7)
    assert late("b", "ABC", 7) == alone
    assert late("c", "C", 8) != alone


def test_fetches_fail_as_often_as_wanted(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, every_minute("A"), "fetch_fails=2,fetch=2s")
    for _ in range(2):
        with pytest.raises(FeedError, match="told to fail"):
            feed.bars(["A"], 0, OPEN)
    assert feed.bars(["A"], 0, OPEN).symbols == []
    assert feed.now() == SESSION.pre_open


def test_at_a_speed_the_clock_on_the_wall_drives_it(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, {"A": {-2: 1.0}}, speed=600.0)  # a minute in a tenth of a second
    began = time.monotonic()
    assert not feed.waits_for_session
    assert feed.receive(FOREVER) == Connected()
    assert isinstance(feed.receive(FOREVER), BarBatch)
    assert time.monotonic() - began > 0.19
    assert feed.now() >= OPEN - MINUTE
    assert feed.receive(OPEN - MINUTE + SECOND) is None


def test_a_wake_ends_a_wait(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, {"A": {9: 1.0}}, speed=1.0)
    feed.receive(FOREVER)
    waker = threading.Timer(0.05, feed.wake)
    waker.start()
    assert feed.receive(FOREVER) is None
    waker.join()
    closer = threading.Timer(0.05, feed.close)
    closer.start()
    assert feed.receive(FOREVER) is None
    closer.join()


def test_a_day_without_bars(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"A": {0: 1.0}})
    with pytest.raises(DataError, match="no intraday bars of 2018-02-26"):
        ReplayFeed(store, make_session(SESSION.date.replace(day=26)), None)


@pytest.mark.parametrize("interval", [ONE_MINUTE, FIVE_MINUTES])
def test_played_clean_it_gives_the_slices_of_a_backtest(tmp_path: Path, interval: Interval) -> None:
    step = interval.minutes
    bars = {"A": {m: 9.0 + m for m in range(0, 10, step)}, "B": {5: 3.0}, "C": {}}
    if interval == ONE_MINUTE:
        bars["B"][-2] = 2.0
    store = make_store(tmp_path, bars, interval)
    feed = ReplayFeed(store, SESSION, None)
    live, replay = StreamSource(feed, SESSION, LiveSettings()), BacktestSource(store, SESSION)
    for source in (live, replay):
        source.subscribe({"A": 2, "B": 0, "C": 1}, 4)
    moments = list(live.slices())
    slices = [one for one in moments if isinstance(one, BarSlice)]
    assert all(not one.late for one in moments if isinstance(one, InterimUpdate))
    expected = list(replay.slices())
    if interval == FIVE_MINUTES:  # a backtest without pre-market bars begins at the open
        slices = [one for one in slices if one.end >= OPEN]
    assert [one.end for one in slices] == [one.end for one in expected]
    for one, other in zip(slices, expected, strict=True):
        assert (one.lag, one.is_recovered) == (0, False)
        assert (one.bars is None) == (other.bars is None)
        if one.bars is not None and other.bars is not None:
            np.testing.assert_array_equal(one.bars.fields, other.bars.fields)
            np.testing.assert_array_equal(one.bars.present, other.bars.present)
