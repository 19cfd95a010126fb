from __future__ import annotations

from symscan.indicators.registry import spec_of
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.session.requests import AddBars, AddIndicator, AddSymbol, LockSymbol, RemoveSymbol, RequestQueue

RSI, SMA = spec_of("rsi_14_5m"), spec_of("sma_20_1d")
ME = "scanner:me"


def test_one_by_one_is_gathered_into_one_request() -> None:
    book = RequestQueue(ME)
    for symbol in ("B", "A", "B"):
        book.add_indicator([symbol], RSI)
        book.add_bars([symbol], FIVE_MINUTES, 2)
    assert book.drain() == [AddBars(ME, ("B", "A"), FIVE_MINUTES, 2), AddIndicator(ME, ("B", "A"), RSI)]


def test_draining_empties_the_book() -> None:
    book = RequestQueue(ME)
    book.add_indicator(["A"], RSI)
    book.change_symbol(AddSymbol(ME, "A"))
    assert len(book.drain()) == 2
    assert book.drain() == []
    assert "A" not in book.pending_symbols(RSI)
    assert list(book.symbol_changes("A")) == []


def test_data_comes_before_changes_and_changes_keep_their_order() -> None:
    book = RequestQueue(ME)
    changes = [AddSymbol(ME, "B"), LockSymbol(ME, "B", "x"), RemoveSymbol(ME, "A"), AddSymbol(ME, "A")]
    for change in changes:
        book.change_symbol(change)
    book.add_indicator(["A", "C"], SMA)
    book.add_bars(["C"], ONE_MINUTE, 0)
    assert list(book.symbol_changes("A")) == changes[2:]
    assert book.drain() == [
        AddBars(ME, ("C",), ONE_MINUTE, 0),
        AddIndicator(ME, ("C",), SMA),
        *changes,
        AddIndicator(ME, ("A",), SMA),  # asked for after it was to be removed
    ]


def test_asking_for_nobody_asks_for_nothing() -> None:
    book = RequestQueue(ME)
    book.add_indicator([], RSI)
    book.add_bars([], ONE_DAY, 5)
    assert book.drain() == []


def test_more_days_include_fewer() -> None:
    book = RequestQueue(ME)
    book.add_bars(["A"], ONE_DAY, 5)
    assert [book.has_bars("A", ONE_DAY, days) for days in (0, 4, 5, 6)] == [True, True, True, False]
    assert not book.has_bars("B", ONE_DAY, 1)
    assert not book.has_bars("A", FIVE_MINUTES, 1)


def test_a_universe_leads() -> None:
    book = RequestQueue(ME)
    book.add_bars(["Z"], ONE_DAY, 3)
    book.add_bars(["C", "A"], ONE_MINUTE, 0)
    book.put_first(["A", "B"], ONE_MINUTE)
    assert book.drain() == [AddBars(ME, ("A", "B", "C"), ONE_MINUTE, 0), AddBars(ME, ("Z",), ONE_DAY, 3)]


def test_specs_are_those_pending() -> None:
    book = RequestQueue(ME)
    book.add_indicator(["A"], SMA)
    book.add_indicator(["A"], RSI)
    assert book.specs() == (SMA, RSI)
    assert "A" in book.pending_symbols(RSI)
    assert "B" not in book.pending_symbols(RSI)
