from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_block, make_session, rows
from symscan.bars.dense import DenseBars, Slots, number, scaled
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE, Interval

SESSION = make_session(minutes=10, premarket=3)
OPEN = SESSION.open


def _frame(*bars: tuple[str, int, float]) -> pl.DataFrame:
    """Bars of a symbol, starting so many minutes after the open, with all prices the same."""
    return pl.DataFrame(
        {
            "symbol": [symbol for symbol, _, _ in bars],
            "start": pl.Series([OPEN + minute * MINUTE for _, minute, _ in bars], dtype=pl.Int64).cast(
                pl.Datetime("us", "UTC")
            ),
            **{name: [price for *_, price in bars] for name in ("open", "high", "low", "close")},
            "volume": [100.0] * len(bars),
        }
    )


def _minutes(ends: list[int]) -> list[int]:
    return [(end - OPEN) // MINUTE for end in ends]


def test_slots_cover_a_phase_and_the_last_is_cut() -> None:
    assert _minutes(Slots.regular(SESSION, FIVE_MINUTES).ends) == [5, 10]
    assert _minutes(Slots.regular(SESSION, Interval.parse("4m")).ends) == [4, 8, 10]
    assert _minutes(Slots.premarket(SESSION, ONE_MINUTE).ends) == [-2, -1, 0]
    assert len(Slots.regular(SESSION, Interval.parse("1h"))) == 1


def test_bars_stand_in_their_slot_and_column() -> None:
    bars = DenseBars(Slots.regular(SESSION, FIVE_MINUTES), 3)
    bars.put(_frame(("A", 0, 10.0), ("A", 5, 11.0), ("B", 5, 20.0), ("Z", 0, 99.0)), {"B": 0, "A": 2})
    first, second = bars.blocks()
    np.testing.assert_array_equal(first.close, [NAN, NAN, 10])
    np.testing.assert_array_equal(second.close, [20, NAN, 11])
    assert second.volume.tolist() == [100, 0, 100]
    assert [block.absent.tolist() for block in (first, second)] == [[0, 1], [1]]


def test_bars_of_another_phase_are_passed_over() -> None:
    frame = _frame(("A", -3, 1.0), ("A", -1, 2.0), ("A", 0, 3.0), ("A", 9, 4.0), ("A", 10, 5.0))
    phases = []
    for slots in (Slots.premarket(SESSION, ONE_MINUTE), Slots.regular(SESSION, ONE_MINUTE)):
        bars = DenseBars(slots, 1)
        bars.put(frame, {"A": 0})
        phases.append([block.close.item() for block in bars.blocks() if block.present.item()])
    assert phases == [[1, 2], [3, 4]]


def test_only_bars_that_end_after_an_instant_are_put_or_cleared() -> None:
    bars = DenseBars(Slots.regular(SESSION, FIVE_MINUTES), 2)
    frame = _frame(("A", 0, 10.0), ("A", 5, 11.0), ("B", 0, 20.0), ("B", 5, 21.0))
    bars.put(frame, {"A": 0, "B": 1}, after=OPEN + 5 * MINUTE)
    assert bars.present.tolist() == [[False, False], [True, True]]
    bars.put(frame, {"A": 0, "B": 1}, after=OPEN + 4 * MINUTE)
    assert bars.present.all()
    bars.clear([1], after=OPEN + 5 * MINUTE)
    first, second = bars.blocks()
    assert first.close.tolist() == [10, 20]
    np.testing.assert_array_equal(second.fields[:, 1], [NAN] * 4 + [0])
    assert second.close[0] == 11


@pytest.mark.parametrize(
    ("columns", "is_view"), [([0, 1, 2], True), ([1, 2], True), ([2, 1], False), ([1], False)]
)
def test_columns_are_cut_without_a_copy_where_they_are_most(columns: list[int], is_view: bool) -> None:
    bars = DenseBars(Slots.regular(SESSION, FIVE_MINUTES), 3)
    bars.put(_frame(("A", 0, 10.0), ("B", 5, 20.0), ("C", 5, 30.0)), {"A": 0, "B": 1, "C": 2})
    found = bars.cut(rows(*columns))
    assert np.shares_memory(found.fields, bars.fields) == is_view
    np.testing.assert_array_equal(found.fields, bars.fields[:, :, columns])
    np.testing.assert_array_equal(found.present, bars.present[:, columns])
    assert found.slots == bars.slots


def test_no_bars_are_put() -> None:
    bars = DenseBars(Slots.regular(SESSION, FIVE_MINUTES), 1)
    bars.put(_frame(), {"A": 0})
    bars.put(_frame(("Z", 0, 1.0)), {"A": 0})
    assert not bars.present.any()


def test_a_split_divides_prices_and_multiplies_volume() -> None:
    block = make_block(1, (8, 12, 4, 10, 100), (1, 1, 1, 1, 7), None)
    before = block.fields.copy()
    after = scaled(block, np.array([4.0, 1.0, 2.0]))
    np.testing.assert_array_equal(
        after.fields.T, [[2, 3, 1, 2.5, 400], [1, 1, 1, 1, 7], [NAN, NAN, NAN, NAN, 0]]
    )
    assert after.present is block.present
    np.testing.assert_array_equal(block.fields, before)


def test_symbols_are_numbered() -> None:
    assert number(["C", "A"]) == {"C": 0, "A": 1}
