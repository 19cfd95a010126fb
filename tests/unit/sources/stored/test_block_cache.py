from __future__ import annotations

from symscan.model.bar import Block
from symscan.sources.stored.block_cache import BlockCache


def _blocks(kilobytes: int) -> list[Block]:
    return [Block.blank(0, kilobytes * 1000 // 41)]


def test_blocks_are_made_once() -> None:
    shelf = BlockCache()
    made = []

    def make() -> list[Block]:
        made.append(1)
        return []

    first = shelf.get_or_make("a", make)
    assert shelf.get_or_make("a", make) is first
    assert len(made) == 1
    assert "a" in shelf
    assert "b" not in shelf


def test_the_longest_unused_go_first() -> None:
    shelf = BlockCache(limit_bytes=25_000)
    for key in "abc":
        if key == "c":
            shelf.get_or_make("a", list)  # used again
        shelf.put(key, _blocks(10))
    assert [key in shelf for key in "abc"] == [True, False, True]


def test_what_is_alone_too_much_is_kept() -> None:
    shelf = BlockCache(limit_bytes=1_000)
    shelf.put("a", _blocks(10))
    shelf.put("b", _blocks(10))
    assert [key in shelf for key in "ab"] == [False, True]


def test_putting_a_key_again_counts_it_once() -> None:
    shelf = BlockCache(limit_bytes=25_000)
    for _ in range(5):
        shelf.put("a", _blocks(10))
    shelf.put("b", _blocks(10))
    assert [key in shelf for key in "ab"] == [True, True]


def test_what_a_session_does_not_use_is_dropped() -> None:
    shelf = BlockCache(limit_bytes=25_000)
    for used in ("abc", "bcd", "d"):
        shelf.begin_session()
        for key in used:
            shelf.get_or_make(key, lambda: _blocks(1))
    assert [key in shelf for key in "abcd"] == [False, True, True, True]
    shelf.begin_session()
    assert [key in shelf for key in "abcd"] == [False, False, False, True]
    for key in "efg":
        shelf.put(key, _blocks(10))  # and their room is given again
    assert [key in shelf for key in "defg"] == [False, False, True, True]
