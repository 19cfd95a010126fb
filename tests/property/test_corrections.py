"""Bars that come late, twice or wrong at first leave what a session has that got them right, to the bit."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.builders import make_session
from symscan.bars.grid import Grid
from symscan.indicators.manager import IndicatorManager
from symscan.indicators.registry import definition, definitions, spec_of
from symscan.model.bar import BarSlice, Block, Floats, LateBars, LateKind, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.readings import HAVE_PRIOR, SESSION_READINGS
from symscan.model.specs import IndicatorSpec
from symscan.runtime.processor import DataProcessor
from symscan.session.session_data import SessionData

OURS = (
    "sma_3_5m",
    "ema_4_5m",
    "macd_2_4_3_5m",
    "rsi_3_5m",
    "roc_2_5m",
    "atr_3_5m",
    "bbands_7_2_5m",
    "vwap_5m",
    "volume_sma_9_5m",
    "volume_ratio_3_5m",
    "highest_4_5m",
    "lowest_1_5m",
    "dollar_volume_3_5m",
    *("open_5m", "high_5m", "low_5m", "close_5m", "volume_5m"),
    "relative_volume_5_5m",
    "premarket_relative_volume_5",
    "same_bar_volume_5_5m",
    "opening_range_15_5m",
    "vwap_cross_10_5m",
)
EARLIER = ("prior.ema_4_5m", "prior(3).bbands_7_2_5m", "prior(2).kama_4_5m", "prior.relative_volume_5_5m")
TALIB = ("adx_3_5m", "stoch_5_3_0_3_0_5m", "kama_4_5m", "obv_5m", "cdlengulfing_5m")

SLOTS = 50
"""Bars of a session: enough that copies are kept, and let go of."""

DAY = 24 * 60 * MINUTE


def a_bar(rng: random.Random) -> list[float]:
    first, last = (rng.randint(1_000, 9_999) / 100 for _ in range(2))
    high, low = max(first, last) + rng.randint(0, 50) / 100, min(first, last) - rng.randint(0, 50) / 100
    return [first, high, low, last, float(rng.randint(0, 99))]


def a_block(rng: random.Random, end: Instant, rows: int, capacity: int, share: float = 0.8) -> Block:
    block = Block.blank(end, capacity)
    for row in range(rows):
        if rng.random() < share:
            block.put(np.array([row]), np.ones(1, np.bool_), np.array(a_bar(rng))[:, None])
    return block


def bits(values: Floats) -> bytes:
    return np.where(np.isnan(values), np.nan, values).tobytes()  # a NaN is unknown whatever its bits


class Corrected:
    """A manager whose bars are corrected all the time, and the bars as they are now."""

    def __init__(self, spec: IndicatorSpec, rows: int, rng: random.Random) -> None:
        self.spec, self.rows, self.rng = spec, rows, rng
        self.capacity = rows + 2
        self.history = [
            a_block(rng, day * DAY + spec.interval.minutes * (slot + 1) * MINUTE, rows, self.capacity)
            for day in range(6)
            for slot in range(SLOTS)
        ]
        self.opens_at = 6 * DAY
        self.grid = Grid(self.capacity)
        self.manager = IndicatorManager(self.capacity, *[self.opens_at] * 3)
        self.request(np.arange(rows))

    def request(self, rows: Rows) -> None:
        new = self.manager.request(self.spec, "me", rows)
        blocks = [*self.history, *self.grid.blocks]
        self.manager.rebuild(self.spec, new, [block.cut(new) for block in blocks])

    def step(self) -> None:
        end = self.opens_at + self.spec.interval.minutes * (len(self.grid.blocks) + 1) * MINUTE
        block = a_block(self.rng, end, self.rows, self.capacity, self.rng.choice([0.0, 0.5, 0.9]))
        self.grid.append(block)
        self.manager.update(self.spec.interval, block)

    def correct(self) -> None:
        rows = np.array(sorted(self.rng.sample(range(self.rows), self.rng.randint(1, self.rows))))
        first = [self.rng.choice([0, 1, 5, 14, 15, 16, 33, SLOTS]) for _ in rows]
        slots = [max(0, len(self.grid.blocks) - 1 - back) for back in first]
        for row, slot in zip(rows.tolist(), slots, strict=True):
            for one in {slot, self.rng.randrange(slot, len(self.grid.blocks))}:
                self.grid.patch(one, np.array([row]), np.array(a_bar(self.rng))[:, None])
        since = np.array([self.grid.blocks[slot].end for slot in slots])
        self.manager.correct(self.spec.interval, rows, since, self.grid.blocks)

    def leave_and_return(self) -> None:
        rows = np.array([self.rng.randrange(self.rows)])
        self.manager.release("me", rows)
        self.request(rows)

    def grow(self) -> None:
        self.capacity += 3
        self.history = [widened(block, self.capacity) for block in self.history]
        self.grid.grow(self.capacity)
        self.manager.grow(self.capacity)

    def values(self) -> list[bytes]:
        outputs = definition(self.spec.name).outputs
        return [bits(self.manager.column(self.spec, name)[: self.rows]) for name in outputs]

    def expected(self) -> list[bytes]:
        """What a manager has that was given the same bars in time."""
        other = IndicatorManager(self.capacity, None, self.opens_at)
        other.request(self.spec, "me", np.arange(self.rows))
        for block in [*self.history, *self.grid.blocks]:
            other.update(self.spec.interval, block)
        outputs = definition(self.spec.name).outputs
        return [bits(other.column(self.spec, name)[: self.rows]) for name in outputs]


def widened(block: Block, capacity: int) -> Block:
    wide = Block.blank(block.end, capacity)
    wide.put(np.arange(len(block.present)), block.present, block.fields)
    return wide


def test_every_indicator_is_tried() -> None:
    assert {spec_of(key).name for key in OURS} == {one.name for one in definitions()}


@pytest.mark.parametrize("key", [*OURS, *TALIB, *EARLIER])
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 5))
@settings(max_examples=4, deadline=None)
def test_an_indicator_is_what_it_would_be(key: str, seed: int, rows: int) -> None:
    rng = random.Random(seed)
    one = Corrected(spec_of(key), rows, rng)
    for slot in range(SLOTS):
        one.step()
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            one.correct()
        if rows > 1 and rng.random() < 0.1:
            one.leave_and_return()
        if rng.random() < 0.03:
            one.grow()
        if slot % 12 == 11 or slot == SLOTS - 1:
            assert one.values() == one.expected(), slot


SESSION = make_session(minutes=40)
INTERVALS = (Interval.parse("3m"), Interval.parse("7m"), ONE_DAY)
SPECS = tuple(
    map(
        spec_of,
        (
            *("sma_3_1m", "vwap_1m", "vwap_cross_5_1m", "opening_range_5_1m", "rsi_2_3m", "adx_2_1m"),
            *("prior.sma_3_1m", "prior(3).sma_3_1m", "prior(2).rsi_2_3m"),
        ),
    )
)
NAMES = "ABCDE"


class Session:
    """A session that symbols join and leave, and the bars it was given."""

    def __init__(self, *, keeps_checkpoints: bool) -> None:
        self.data = SessionData(SESSION, [], keeps_checkpoints=keeps_checkpoints)
        self.processor = DataProcessor(self.data)
        for interval in INTERVALS:
            self.data.add_interval(interval, "scanner:me")
        self.bars: dict[Instant, dict[str, list[float]]] = {}

    def join(self, name: str) -> None:
        new = self.data.add_rows([name])
        assert new == [name]
        premarket, regular = (
            [self.block(end, {name: 0}, 1) for end in phase.grid.ends()]
            for phase in (self.data.premarket, self.data.regular)
        )
        self.data.catch_up(new, premarket, regular)
        rows = self.data.symbols.rows(new)
        self.data.add_candidates("scanner:me", new)
        for spec in SPECS:
            self.data.request_indicator(spec, "scanner:me", rows)
            grid = self.data.regular_grid(spec.interval)
            assert grid is not None
            self.data.indicators.rebuild(spec, rows, grid.columns(rows))

    def leave(self, name: str) -> None:
        self.data.dismiss([name], "scanner:me")
        self.data.free_rows([name])

    def block(self, end: Instant, row_of: dict[str, int], width: int) -> Block:
        block = Block.blank(end, width)
        for name, bar in self.bars.get(end, {}).items():
            if name in row_of:
                block.put(np.array([row_of[name]]), np.ones(1, np.bool_), np.array(bar)[:, None])
        return block

    def play(self, end: Instant, bars: dict[str, list[float]]) -> None:
        self.bars[end] = dict(bars)
        here = {name: self.row(name) for name in NAMES if name in self.data.symbols}
        self.processor.process(BarSlice(end, self.block(end, here, self.data.capacity)))

    def row(self, name: str) -> int:
        row = self.data.symbols.row(name)
        assert row is not None
        return row

    def seen(self, names: Sequence[str]) -> dict[str, bytes]:
        """Everything that can be read of some symbols."""
        data, rows = self.data, self.data.symbols.rows(names)
        found = {name: bits(data.readings.column(name)[rows]) for name in SESSION_READINGS}
        for name in HAVE_PRIOR:
            found |= {f"prior({back}).{name}": bits(data.readings.prior(name, back, rows)) for back in (1, 4)}
        candidates = data.candidates("scanner:me")
        places = [candidates.symbols.index(name) for name in names]
        for spec in SPECS:
            for output in definition(spec.name).outputs:
                found[f"{spec.key}.{output}"] = bits(data.indicator(spec, output)[rows])
                column = spec.key if output == "value" else f"{spec.key}.{output}"
                found[f"candidates {column}"] = bits(candidates.named(column)[places])
        grids = {"premarket": data.premarket.grid, "1m": data.regular.grid}
        grids |= {str(interval): grid for interval, grid in data.derived.items()}
        for key, grid in grids.items():
            found[f"last {key}"] = grid.last[rows].tobytes()
            for block in grid.blocks:
                found[f"{key} at {block.end}"] = bits(block.fields[:, rows]) + block.present[rows].tobytes()
        return found


def late_bars(session: Session, rng: random.Random, ends: Sequence[Instant]) -> list[LateBars]:
    """Some bars of closed slices: new ones, other ones, the same again, unknown ones."""
    late = []
    for end in rng.choices(ends, k=rng.randint(1, 3)):
        names = [name for name in NAMES if name in session.data.symbols and rng.random() < 0.6]
        fields = np.empty((5, len(names)))
        for place, name in enumerate(names):
            old = session.bars[end].get(name)
            bar = old if old and rng.random() < 0.2 else a_bar(rng)
            fields[:, place] = bar
            if rng.random() < 0.1:
                fields[rng.randrange(5), place] = np.nan
            else:
                session.bars[end][name] = bar
        rows = np.array([session.row(name) for name in names], np.intp)
        late.append(LateBars(end, rows, fields, rng.choice(list(LateKind))))
    return late


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_a_session_is_what_it_would_be(seed: int) -> None:
    rng = random.Random(seed)
    session = Session(keeps_checkpoints=True)
    for name in NAMES[:3]:
        session.join(name)
    ends = [SESSION.pre_open + minute * MINUTE for minute in range(1, 44)]
    for count, end in enumerate(ends, 1):
        session.play(end, {name: a_bar(rng) for name in NAMES if rng.random() < 0.7})
        if rng.random() < 0.5:
            session.seen([name for name in NAMES if name in session.data.symbols])  # read in between
        if rng.random() < 0.4:
            nearly = ends[max(0, count - rng.choice([2, 4, 18, 44])) : count]
            session.processor.correct(late_bars(session, rng, nearly), end)
        if rng.random() < 0.1:
            name = rng.choice(NAMES)
            (session.leave if name in session.data.symbols else session.join)(name)
        if count % 8 == 0 or end == ends[-1]:
            here = [name for name in NAMES if name in session.data.symbols]
            assert different(session.seen(here), in_time(session, here, ends[:count]).seen(here)) == []


def in_time(session: Session, names: Sequence[str], ends: Sequence[Instant]) -> Session:
    """A session that had every bar when it was due, and all symbols from the start."""
    fresh = Session(keeps_checkpoints=False)
    for name in names:
        fresh.join(name)
    for end in ends:
        fresh.play(end, session.bars[end])
    return fresh


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    assert one.keys() == other.keys()
    return [key for key, values in one.items() if values != other[key]]
