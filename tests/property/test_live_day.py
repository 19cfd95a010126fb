"""Whatever a feed does, in the end a live session has had the stored day: no bar missing, none doubled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.builders import make_session
from symscan.model.bar import BarSlice, Block, Floats, LateBars, LateKind
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_MINUTE
from symscan.model.live_settings import LiveSettings
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.store.bar_store import BarStore, bar_schema
from symscan.sources.streaming.source import StreamSource

SESSION = make_session(minutes=30, premarket=5)
OPEN = SESSION.open
SYMBOLS = ("A", "B", "C", "D", "E")
COLUMNS = {symbol: column for column, symbol in enumerate(SYMBOLS)}

Day = dict[str, dict[Instant, tuple[float, ...]]]


def _day() -> Day:
    """A bar of A every minute, of the others now and then."""
    chance = random.Random(5)
    return {
        symbol: {
            OPEN + minute * MINUTE: (price, price + 2, price - 2, price + 1, float(chance.randint(1, 99)))
            for minute in range(-4, 31)
            if symbol == "A" or chance.random() < 0.6
            for price in (chance.randint(10, 99) / 4,)
        }
        for symbol in SYMBOLS
    }


DAY = _day()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    rows = [
        (SESSION.date, symbol, end - MINUTE, *bar)
        for symbol, bars in DAY.items()
        for end, bar in bars.items()
    ]
    schema = bar_schema(ONE_MINUTE)
    frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
    made = BarStore.create(tmp_path_factory.mktemp("live") / "store")
    with made.updating() as update:
        update.put(ONE_MINUTE, SESSION.date, frame.sort("symbol", "start"))
    return made


@dataclass(frozen=True)
class Coming:
    """A symbol's ways: after how many slices it is prepared (None: never), joins, and leaves again."""

    prepared: int | None
    joined: int
    left: int | None


class Had:
    """What a session has had, symbol by symbol; refuses what would be doubled."""

    def __init__(self) -> None:
        self.bars: Day = {}
        self.ends: list[Instant] = []

    def take_slice(self, one: BarSlice) -> None:
        self.ends.append(one.end)
        assert one.bars is not None
        for symbol in self.bars:
            if COLUMNS[symbol] < len(one.bars.present) and one.bars.present[COLUMNS[symbol]]:
                self._put(symbol, one.end, one.bars.fields[:, COLUMNS[symbol]])
        assert {SYMBOLS[column] for column in np.flatnonzero(one.bars.present)} <= self.bars.keys()

    def take_late(self, late: Sequence[LateBars]) -> None:
        for one in late:
            assert one.end in self.ends
            for column, fields in zip(one.rows.tolist(), one.fields.T, strict=True):
                before = self.bars[SYMBOLS[column]].get(one.end)
                if before is not None:
                    assert one.kind is LateKind.CORRECTED
                    assert before != tuple(fields.tolist())
                self.bars[SYMBOLS[column]][one.end] = tuple(fields.tolist())

    def take_caught_up(self, symbol: str, blocks: Sequence[Block]) -> None:
        assert [block.end for block in blocks] == self.ends
        self.bars[symbol] = {}
        for block in blocks:
            if block.present.item():
                self._put(symbol, block.end, block.fields[:, 0])

    def _put(self, symbol: str, end: Instant, fields: Floats) -> None:
        assert end not in self.bars[symbol]
        self.bars[symbol][end] = tuple(fields.tolist())


def _play(feed: ReplayFeed, comings: dict[str, Coming], limit: int | None) -> Had:
    source = StreamSource(feed, SESSION, LiveSettings(max_symbols=limit))
    had = Had()
    source.subscribe({}, 3)
    moments = source.slices()
    _move(source, had, comings, 0)
    for moment in moments:
        source.drain_events()
        if isinstance(moment, BarSlice):
            had.take_slice(moment)
            _move(source, had, comings, len(had.ends))
        else:
            had.take_late(moment.late)
    return had


def _move(source: StreamSource, had: Had, comings: dict[str, Coming], slices: int) -> None:
    """Let symbols come and go."""
    for symbol, coming in comings.items():
        if coming.left == slices:
            source.unsubscribe([symbol])
            del had.bars[symbol]
        if coming.prepared == slices:
            source.prepare_catch_up([symbol])
        if coming.joined == slices:
            source.subscribe({symbol: COLUMNS[symbol]}, 5 if slices > 9 else max(3, COLUMNS[symbol] + 1))
            had.take_caught_up(symbol, source.catch_up([symbol], had.ends))


def _windows(starts: Sequence[int], seconds: int, name: str) -> Iterator[str]:
    for start in starts:
        begin = SESSION.local(OPEN) + timedelta(seconds=start)
        yield f"{name}={begin:%H:%M:%S}-{begin + timedelta(seconds=seconds):%H:%M:%S}"


shares = st.sampled_from(["0", "0.05", "0.4", "1"])
delays = st.integers(0, 110)
moves = st.builds(
    lambda prepared, wait, stay: Coming(
        prepared, (prepared or 0) + wait, None if stay is None else (prepared or 0) + wait + stay
    ),
    st.none() | st.integers(0, 25),
    st.integers(0, 8),
    st.none() | st.integers(1, 10),
)


@pytest.mark.slow
@given(
    sampled=st.tuples(shares, delays, shares, delays, shares, delays),
    lost=st.lists(st.integers(-290, 1750), max_size=3),
    lost_for=st.integers(1, 200),
    mute=st.lists(st.integers(0, 1300), max_size=1),
    comings=st.fixed_dictionaries(dict.fromkeys(SYMBOLS[1:], moves)),
    begin=st.none() | st.integers(-280, 1500),
    failing=st.integers(0, 3),
    seed=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_the_day_is_whole_in_the_end(
    store: BarStore,
    sampled: tuple[str, int, str, int, str, int],
    lost: list[int],
    lost_for: int,
    mute: list[int],
    comings: dict[str, Coming],
    begin: int | None,
    failing: int,
    seed: int,
) -> None:
    late, late_by, wrong, right_after, twice, again_after = sampled
    if lost or begin is not None:  # who connects while it is silent cannot know that it is
        mute = []
    words = [
        f"late={late}:{late_by // 2}s,correct={wrong}:{right_after // 2 + 1}s",
        f"duplicate={twice}:{again_after}s",
        *_windows(lost, lost_for, "disconnect"),
        *_windows(mute, 300, "silence"),
        f"fetch_fails={failing},seed={seed}",
    ]
    start = None if begin is None else OPEN + begin * 1_000_000
    feed = ReplayFeed(store, SESSION, None, Faults.parse(",".join(words)), start)
    feed.open()
    had = _play(feed, {"A": Coming(None, 0, None), **comings}, None)
    assert had.ends == [OPEN + minute * MINUTE for minute in range(-4, 31)]
    for symbol, bars in had.bars.items():
        assert bars == DAY[symbol], symbol


@given(limit=st.integers(1, 5), stays=st.lists(st.integers(1, 30), min_size=4, max_size=4))
@settings(max_examples=30, deadline=None)
def test_who_has_a_place_in_the_end_has_the_whole_day(store: BarStore, limit: int, stays: list[int]) -> None:
    feed = ReplayFeed(store, SESSION, None)
    comings = {symbol: Coming(None, 0, stay) for symbol, stay in zip(SYMBOLS, stays, strict=False)} | {
        "E": Coming(None, 0, None)
    }
    had = _play(feed, comings, limit)
    assert had.bars == {"E": DAY["E"]}
