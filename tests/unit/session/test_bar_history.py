from __future__ import annotations

from support.builders import make_block
from symscan.model.interval import FIVE_MINUTES, ONE_DAY
from symscan.session.bar_history import HistoryCache

BLOCKS = [make_block(1, 1.0, 10.0), make_block(2, None, 20.0), make_block(3, 3.0, 30.0)]


def _closes(shelf: HistoryCache, symbol: str, count: int = 99) -> list[float]:
    return [bar.close for bar in shelf.recent("x", symbol, ONE_DAY, count)]


def test_bars_come_oldest_first_and_holes_are_passed_over() -> None:
    shelf = HistoryCache()
    shelf.put("x", ["A", "B"], ONE_DAY, 3, BLOCKS)
    assert _closes(shelf, "A") == [1, 3]
    assert _closes(shelf, "B", 2) == [20, 30]
    assert _closes(shelf, "B", 0) == []
    assert _closes(shelf, "C") == []
    assert shelf.recent("x", "A", FIVE_MINUTES, 9) == []


def test_more_days_replace_fewer_and_fewer_change_nothing() -> None:
    shelf = HistoryCache()
    assert shelf.days("x", "A", ONE_DAY) == -1
    shelf.put("x", ["A"], ONE_DAY, 1, BLOCKS[2:])
    shelf.put("x", ["A", "B"], ONE_DAY, 3, BLOCKS)
    shelf.put("x", ["A", "B"], ONE_DAY, 1, BLOCKS[2:])
    assert [shelf.days("x", symbol, ONE_DAY) for symbol in "AB"] == [3, 3]
    assert _closes(shelf, "A") == [1, 3]


def test_a_dropped_symbol_is_forgotten() -> None:
    shelf = HistoryCache()
    shelf.put("x", ["A", "B"], ONE_DAY, 3, BLOCKS)
    shelf.drop(["A", "never here"])
    assert (shelf.days("x", "A", ONE_DAY), _closes(shelf, "A")) == (-1, [])
    assert _closes(shelf, "B") == [10, 20, 30]
