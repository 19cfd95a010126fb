"""The bars of a played day, given to the history of the next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from support.builders import make_session
from symscan.bars.dense import DenseBars, Slots
from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE
from symscan.model.interval import ONE_MINUTE
from symscan.sources.stored.played_days import PlayedDay, PlayedDays

SESSION = make_session()


@pytest.fixture
def day() -> PlayedDay:
    bars = DenseBars(Slots.regular(SESSION, ONE_MINUTE), 12)
    rows = [("B", 0, 1.0), ("B", 3, 4.0), ("C", 2, 7.0)]
    frame = pl.DataFrame(
        [(symbol, SESSION.open + minute * MINUTE, *[price] * 5) for symbol, minute, price in rows],
        ["symbol", "start", *FIELDS],
        orient="row",
    ).with_columns(pl.col("start").cast(pl.Datetime("us", "UTC")))
    bars.put(frame, {"A": 0, "B": 1, "C": 2})
    return PlayedDay(bars, {"A": 0, "B": 1, "C": 2})


@pytest.mark.parametrize("symbols", [("A", "B", "C"), ("C", "B"), ("B",)])
def test_bars_are_over_the_symbols_requested(day: PlayedDay, symbols: tuple[str, ...]) -> None:
    bars = day.bars_of(symbols)
    assert bars is not None
    assert bars.slots == day.bars.slots
    closes = {"A": {}, "B": {0: 1.0, 3: 4.0}, "C": {2: 7.0}}
    for place, symbol in enumerate(symbols):
        blocks = enumerate(bars.blocks())
        assert {n: one.close[place] for n, one in blocks if one.present[place]} == closes[symbol]
    last = {"A": np.nan, "B": 4.0, "C": 7.0}
    assert np.array_equal(bars.last_closes(), [last[symbol] for symbol in symbols], equal_nan=True)


def _closes(day: PlayedDay, symbols: Sequence[str]) -> dict[str, dict[int, float]]:
    """The closes of symbols, by the minute of the session in which a bar ended."""
    prices = day.prices_of(symbols)
    assert prices is not None
    minutes = ((prices.ends - SESSION.open) // MINUTE).tolist()
    rows = {symbol: prices.close[:, prices.columns[symbol]].tolist() for symbol in symbols}
    return {
        symbol: {at: close for at, close in zip(minutes, row, strict=True) if close == close}
        for symbol, row in rows.items()
    }


@pytest.mark.parametrize("symbols", ["B", "BC", "CA", "CBA"])
def test_prices_of_few_and_of_most(day: PlayedDay, symbols: str) -> None:
    expected: dict[str, dict[int, float]] = {"A": {}, "B": {1: 1.0, 4: 4.0}, "C": {3: 7.0}}
    assert _closes(day, symbols) == {symbol: expected[symbol] for symbol in symbols}


def test_a_symbol_that_was_not_played_has_to_be_read(day: PlayedDay) -> None:
    assert day.bars_of(("A", "D")) is None
    assert day.prices_of(("D",)) is None


def test_today_and_the_day_before_are_kept(day: PlayedDay) -> None:
    played, paths = PlayedDays(), [Path("1"), Path("2"), Path("3")]
    for path in paths:
        played.begin(path)
        played.put(path, day)
    assert [played.find(path) is not None for path in paths] == [False, True, True]
    assert played.find(None) is None


def test_a_symbol_without_all_of_its_bars_has_to_be_read(day: PlayedDay) -> None:
    day.forget(["B", "Z"])
    assert day.bars_of(("B",)) is None
    assert day.bars_of(("C",)) is not None


def test_a_symbol_whose_column_another_takes_has_to_be_read(day: PlayedDay) -> None:
    day.reuse({1})
    assert day.bars_of(("B",)) is None
    assert day.bars_of(("C",)) is not None
