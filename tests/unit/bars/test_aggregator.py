from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_block, make_session
from symscan.bars.aggregator import Aggregator, combine, combine_slots, derive
from symscan.model.bar import FIELDS, VOLUME, Block
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, Interval
from symscan.model.session import Session

THREE_MINUTES = Interval.parse("3m")
HOUR = Interval.parse("1h")


def _minutes(session: Session, *closes: float | None) -> list[Block]:
    return [make_block(session.open + (k + 1) * MINUTE, close) for k, close in enumerate(closes)]


def _minute_after_open(session: Session, blocks: list[Block]) -> list[int]:
    return [(block.end - session.open) // MINUTE for block in blocks]


def test_combine_takes_first_open_highest_lowest_last_close_and_the_sum() -> None:
    blocks = [
        make_block(1, (10, 12, 9, 11, 100), None, None),
        make_block(2, (11, 11, 8, 8, 50), (5, 6, 4, 5, 7), None),
        make_block(3, None, (5, 9, 5, 8, 3), None),
    ]
    combined = combine(blocks, 3)
    assert combined.end == 3
    assert combined.present.tolist() == [True, True, False]
    np.testing.assert_array_equal(
        combined.fields.T, [[10, 12, 8, 8, 150], [5, 9, 4, 8, 10], [NAN, NAN, NAN, NAN, 0]]
    )


def test_combine_leaves_its_blocks_alone() -> None:
    blocks = [make_block(1, 10.0, None), make_block(2, 11.0, 5.0)]
    before = [(block.fields.copy(), block.present.copy()) for block in blocks]
    combine(blocks, 2)
    combine(blocks[:1], 1).fields[:] = 0
    for block, (fields, present) in zip(blocks, before, strict=True):
        np.testing.assert_array_equal(block.fields, fields)
        np.testing.assert_array_equal(block.present, present)


@pytest.mark.parametrize("missing", [1 / 3, 3 / 4])
def test_combine_equals_a_group_by(missing: float) -> None:
    """The same bars through polars: 40 minutes of 7 symbols, some or most of them missing."""
    rng = np.random.default_rng(7)
    blocks = []
    for end in range(40):
        fields = np.sort(rng.integers(1, 1000, (5, 7)).astype(float), axis=0)[[1, 3, 0, 2, 4]]
        present = rng.random(7) > missing
        block = Block.blank(end, 7)
        block.put(np.flatnonzero(present), present[present], fields[:, present])
        blocks.append(block)
    long = pl.concat(
        pl.DataFrame(dict(zip(FIELDS, block.fields, strict=True)))
        .with_columns(row=pl.int_range(pl.len()), there=pl.Series(block.present))
        .filter("there")
        for block in blocks
    )
    expected = long.group_by("row", maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    combined = combine(blocks, 40)
    assert expected.height == combined.present.sum() == 7
    np.testing.assert_array_equal(combined.fields, expected.sort("row").select(FIELDS).to_numpy().T)


@pytest.mark.parametrize("size", [1, 3, 7, 39, 40])
@pytest.mark.parametrize("columns", [1, 2, 50])
@pytest.mark.parametrize("missing", [0.0, 0.1, 0.9])
def test_a_day_is_combined_as_its_blocks_are(size: int, columns: int, missing: float) -> None:
    rng = np.random.default_rng(3)
    fields = rng.random((40, 5, columns)) * 10.0 ** rng.integers(-3, 9, (40, 5, columns))
    present = rng.random((40, columns)) >= missing
    fields[:, :VOLUME].transpose(0, 2, 1)[~present] = NAN
    fields[:, VOLUME][~present] = 0.0
    before = fields.tobytes()
    found, is_there = combine_slots(fields, present, size)
    assert fields.tobytes() == before
    assert len(found) == len(is_there) == -(-40 // size)
    for number, first in enumerate(range(0, 40, size)):
        part = slice(first, first + size)
        block = combine([Block(0, *one) for one in zip(fields[part], present[part], strict=True)], 0)
        np.testing.assert_array_equal(found[number], block.fields)
        np.testing.assert_array_equal(is_there[number], block.present)


def test_bars_are_anchored_at_the_open_and_the_last_is_cut_at_the_close() -> None:
    session = make_session(minutes=10)
    derived = derive(THREE_MINUTES, session, _minutes(session, *range(1, 11)))
    assert _minute_after_open(session, derived) == [3, 6, 9, 10]
    assert [block.open.item() for block in derived] == [1, 4, 7, 10]
    assert [block.close.item() for block in derived] == [3, 6, 9, 10]
    assert [block.volume.item() for block in derived] == [3, 3, 3, 1]


def test_an_hour_begins_at_the_open_and_a_half_day_ends_the_last_one_early() -> None:
    session = make_session(minutes=210)  # 9:30 to 13:00
    derived = derive(HOUR, session, _minutes(session, *[1.0] * 210))
    assert _minute_after_open(session, derived) == [60, 120, 180, 210]
    assert [block.volume.item() for block in derived] == [60, 60, 60, 30]


def test_a_day_is_complete_at_the_close_alone() -> None:
    session = make_session(minutes=10)
    (day,) = derive(ONE_DAY, session, _minutes(session, 4.0, 9.0, None, None, 2.0, *[3.0] * 5))
    assert (day.end, day.open.item(), day.high.item(), day.low.item()) == (session.close, 4, 9, 2)


def test_a_window_without_a_trade_has_no_bar() -> None:
    session = make_session(minutes=10)
    derived = derive(FIVE_MINUTES, session, _minutes(session, *[None] * 5, *[2.0] * 5))
    assert [block.present.tolist() for block in derived] == [[False], [True]]
    assert np.isnan(derived[0].close).all()
    assert derived[0].volume.tolist() == [0]


def test_an_open_bar_is_not_shown() -> None:
    session = make_session(minutes=10)
    minutes = _minutes(session, *range(1, 11))
    aggregator = Aggregator(FIVE_MINUTES, session)
    completed = [aggregator.advance(minutes[: count + 1]) for count in range(10)]
    assert [block is not None for block in completed] == [False] * 4 + [True] + [False] * 4 + [True]


def test_an_aggregator_can_begin_behind_bars_already_built() -> None:
    session = make_session(minutes=10)
    minutes = _minutes(session, *range(1, 11))
    late = Aggregator(FIVE_MINUTES, session, used=5)
    block = late.advance(minutes)
    assert block is not None
    assert (block.open.item(), block.volume.item()) == (6, 5)


@pytest.mark.parametrize(
    ("interval", "minute", "complete"),
    [("5m", 5, True), ("5m", 6, False), ("5m", 8, True), ("1h", 8, True), ("1d", 5, False), ("1d", 8, True)],
)
def test_what_is_complete_when(interval: str, minute: int, complete: bool) -> None:
    session = make_session(minutes=8)
    assert (
        Aggregator(Interval.parse(interval), session).is_complete(session.open + minute * MINUTE) is complete
    )
