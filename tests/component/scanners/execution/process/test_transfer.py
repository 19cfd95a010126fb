"""Values arrive as they were sent, and blocks of bars only once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import make_block, rows
from symscan.model.bar import Block
from symscan.model.hit_metadata import FrameMetadata
from symscan.scanners.execution.process.transfer import Inbox, Outbox
from symscan.session.bar_history import LazyBlocks, LoadedBlocks

Wire = tuple[Outbox, Inbox]


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Both ends of a connection; what is sent through it has to fit its buffer."""
    ours, theirs = Pipe()
    with ours, theirs:
        yield _outbox(ours), Inbox(theirs)


def _outbox(connection: Any) -> Outbox:
    assert isinstance(connection, Connection)
    return Outbox(connection)


def _passed(wire: Wire, value: object) -> Any:
    wire[0].send(value)
    return wire[1].receive()


def _is_equal(one: Block, other: Block) -> bool:
    return one.end == other.end and (
        np.array_equal(one.fields, other.fields, equal_nan=True)
        and one.present.tolist() == other.present.tolist()
    )


def test_a_value_arrives_as_it_was(wire: Wire) -> None:
    value = {"symbols": ("A", "B"), "last": np.arange(5), "none": np.zeros(0), "nested": [None, 1.5, {2}]}
    found = _passed(wire, value)
    assert found["last"].tolist() == [0, 1, 2, 3, 4]
    assert found["none"].shape == (0,)
    assert (found["symbols"], found["nested"]) == (value["symbols"], value["nested"])


def test_what_arrives_is_the_receivers_own(wire: Wire) -> None:
    sent = np.arange(3.0)
    found = _passed(wire, sent)
    found += 1.0
    assert (found.tolist(), sent.tolist()) == ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])


def test_a_block_arrives_with_its_gaps(wire: Wire) -> None:
    block = make_block(7, 1.0, None, (1.0, 4.0, 0.5, 3.0, 9.0))
    found = _passed(wire, [block])[0]
    assert _is_equal(found, block)
    assert found.absent.tolist() == [1]


def test_a_block_travels_once(wire: Wire) -> None:
    blocks = [make_block(end, *[1.0] * 1000) for end in range(2)]
    first = wire[0].send(blocks)
    before = wire[1].receive()
    blocks.append(make_block(2, *[2.0] * 1000))
    second = wire[0].send(blocks)
    after = wire[1].receive()
    third = wire[0].send(blocks)
    assert [one is other for one, other in zip(before, after, strict=False)] == [True, True]
    assert _is_equal(after[2], blocks[2])
    one_block = blocks[0].fields.nbytes
    assert first > 2 * one_block > second > one_block > 1000 > third


def test_a_block_that_stands_twice_in_a_message_is_one_there(wire: Wire) -> None:
    block = make_block(1, 1.0)
    for _ in range(2):
        one, other = _passed(wire, [block, block])
        assert one is other


def test_a_block_that_changed_is_sent_anew(wire: Wire) -> None:
    block = make_block(1, 1.0, None)
    _passed(wire, [block])
    block.put(rows(1), np.array([True]), np.full((5, 1), 3.0))
    assert _is_equal(_passed(wire, [block])[0], block)


def test_what_a_message_does_not_mention_is_forgotten_on_both_sides(wire: Wire) -> None:
    block = make_block(1, 1.0)
    _passed(wire, [block])
    _passed(wire, [])
    assert _is_equal(_passed(wire, [block])[0], block)


def test_a_message_that_cannot_be_written_leaves_the_wire_in_order(wire: Wire) -> None:
    block, other = make_block(1, 1.0), make_block(2, 2.0)
    _passed(wire, [block])
    with pytest.raises(TypeError, match="cannot pickle"):
        wire[0].send([block, other, (one for one in "generators do not travel")])
    found = _passed(wire, [block, other])
    assert _is_equal(found[0], block)
    assert _is_equal(found[1], other)


def _loaded(count: int) -> list[Block]:
    return [make_block(end, float(end)) for end in range(count)]


def test_blocks_still_to_be_loaded_are_loaded_there_and_kept(wire: Wire) -> None:
    later = LazyBlocks(partial(_loaded, 3))
    (found,) = _passed(wire, [later])
    assert isinstance(found, LazyBlocks)
    assert [block.end for block in found] == [0, 1, 2]
    assert _passed(wire, [later])[0] is found


@pytest.mark.parametrize("count", [0, 3])
def test_bars_of_earlier_sessions_travel_once_and_together(wire: Wire, count: int) -> None:
    blocks = LoadedBlocks(make_block(end, 1.0, None, float(end)) for end in range(count))
    (found,) = _passed(wire, [blocks])
    assert type(found) is LoadedBlocks
    assert len(found) == count
    assert all(map(_is_equal, found, blocks))
    assert _passed(wire, [blocks])[0] is found


def test_blocks_whose_loading_cannot_travel_are_loaded_first(wire: Wire) -> None:
    (found,) = _passed(wire, [LazyBlocks(lambda: _loaded(2))])
    assert [block.end for block in found] == [0, 1]


def test_metadata_travel_as_what_they_hold(wire: Wire) -> None:
    frame = pl.DataFrame({"symbol": ["A", "B"], "gap": [1.5, None]})
    found = _passed(wire, FrameMetadata(["A", "B"], lambda: frame))
    assert dict(found) == {"A": {"gap": 1.5}, "B": {"gap": None}}
