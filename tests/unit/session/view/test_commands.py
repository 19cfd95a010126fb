from __future__ import annotations

from typing import Any

import pytest

from support.builders import make_block, rows
from symscan.errors import SpecError
from symscan.indicators.registry import spec_of
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.model.specs import IndicatorConfig, IndicatorType
from symscan.session.holders import CONFIG
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    LockSymbol,
    Refused,
    RemoveSymbol,
    UnlockSymbol,
)

ME, OTHER = "scanner:me", "scanner:other"
RSI = spec_of("rsi_14_5m")


@pytest.mark.parametrize(
    "arguments",
    [
        ("rsi_14_5m",),
        (IndicatorConfig("rsi", IndicatorType.MOMENTUM, 14, "5m"),),
        ("rsi", {"period": 14, "interval": "5m"}),
        ("rsi", {"interval": "5m", "params": {"period": 14}}),
    ],
)
def test_every_form_of_asking_is_one_spec(playing: Any, arguments: tuple[Any, ...]) -> None:
    assert playing.view().add_indicator("A", *arguments)
    assert playing.book.drain() == [AddIndicator(ME, ("A",), RSI)]


def test_further_parameters_are_named(playing: Any) -> None:
    playing.view().add_indicator("A", "bbands", {"period": 20, "interval": "5m", "deviations": 2.5})
    assert playing.book.specs() == (spec_of("bbands_20_2p5_5m"),)


def test_an_indicator_asked_twice(playing: Any) -> None:
    view = playing.view()
    assert view.add_indicator(["A", "B"], "rsi_14_5m")
    assert not view.add_indicator("B", "rsi_14_5m")
    assert view.add_indicator(["B", "C"], "rsi_14_5m")
    assert view.add_indicator("A", "rsi_15_5m")
    assert not view.add_indicator([], "rsi_14_5m")
    playing.book.drain()
    playing.data.request_indicator(RSI, ME, rows(0))
    playing.data.request_indicator(RSI, OTHER, rows(1))
    assert not view.add_indicator("A", "rsi_14_5m")
    assert view.add_indicator("B", "rsi_14_5m")  # another's is not mine
    assert view.add_indicator("NEW", "rsi_14_5m")
    assert playing.book.drain() == [AddIndicator(ME, ("B", "NEW"), RSI)]


def test_session_bars_asked_twice(playing: Any) -> None:
    view = playing.view()
    assert not view.add_session_bars("A", "1m")  # a candidate has them
    assert view.add_session_bars("NEW", "1m")
    assert not view.add_session_bars("NEW", "1m")
    assert view.add_session_bars("A", "5m")
    assert playing.book.drain() == [AddBars(ME, ("NEW",), ONE_MINUTE), AddBars(ME, ("A",), FIVE_MINUTES)]
    playing.data.add_interval(FIVE_MINUTES, "scanner:me")
    assert not view.add_session_bars(["A", "B"], "5m")


def test_history_asked_twice(playing: Any) -> None:
    view = playing.view()
    assert view.add_historical_bars(["A", "B"], "1d", 5)
    assert not view.add_historical_bars("A", "1d", 5)
    assert not view.add_historical_bars("A", "1d", 3)
    assert view.add_historical_bars("A", "1d", 6)
    assert playing.book.drain() == [AddBars(ME, ("A", "B"), ONE_DAY, 5), AddBars(ME, ("A",), ONE_DAY, 6)]
    playing.data.history.put(ME, ["A"], ONE_DAY, 6, [make_block(1, 1.0)])
    assert not view.add_historical_bars("A", "1d", 6)
    assert view.add_historical_bars("A", "1d", 7)


def test_history_another_holder_has_is_not_mine(playing: Any) -> None:
    """Else it would go with its holder, and the symbol would be no candidate of mine."""
    playing.data.add_rows(["HERS"])
    playing.data.add_candidates(OTHER, ["HERS"])
    playing.data.history.put(OTHER, ["HERS"], ONE_DAY, 5, [make_block(1, 1.0)])
    assert playing.view().add_historical_bars("HERS", "1d", 5)
    assert playing.view().add_session_bars("HERS", "1m")


def test_a_member_is_added_once(playing: Any) -> None:
    view = playing.view()
    assert view.add_symbol("A")
    assert not view.add_symbol("A")
    playing.data.holders.add_member("B", OTHER)
    assert not view.add_symbol("B")
    assert view.add_symbol("NEW")
    assert playing.book.drain() == [AddSymbol(ME, "A"), AddSymbol(ME, "NEW")]


def test_a_symbol_is_removed_once_and_may_come_back(playing: Any) -> None:
    view = playing.view()
    assert view.remove_symbol("A")
    assert not view.remove_symbol("A")
    assert not view.lock_symbol("A", "too late")
    assert view.add_symbol("A")
    assert view.lock_symbol("A", "in time")
    assert not view.remove_symbol("A")
    assert playing.book.drain() == [
        RemoveSymbol(ME, "A"),
        Refused(ME, "A", "lock_symbol A", "it is not in the session"),
        AddSymbol(ME, "A"),
        LockSymbol(ME, "A", "in time"),
        Refused(ME, "A", "remove_symbol A", "it is locked: in time"),
    ]


def test_what_can_not_be_removed(playing: Any) -> None:
    playing.data.holders.add_member("A", CONFIG)
    playing.data.holders.lock("B", OTHER, "position")
    view = playing.view()
    assert [view.remove_symbol(symbol) for symbol in ("A", "B", "NOBODY", "C")] == [False, False, False, True]
    assert playing.book.drain() == [
        Refused(ME, "A", "remove_symbol A", "the configuration names it"),
        Refused(ME, "B", "remove_symbol B", "it is locked: position"),
        RemoveSymbol(ME, "C"),
    ]


def test_what_is_being_asked_for_may_be_locked(playing: Any) -> None:
    view = playing.view()
    view.add_indicator("NEW", "rsi_14_5m")
    assert view.lock_symbol("NEW", "watched")
    assert view.remove_symbol("NEW") is False


def test_a_member_to_be_may_be_removed_and_locked(playing: Any) -> None:
    view = playing.view()
    assert not view.lock_symbol("NEW", "x")
    view.add_symbol("NEW")
    assert view.lock_symbol("NEW", "x")
    assert view.unlock_symbol("NEW", "x")
    assert view.remove_symbol("NEW")
    assert not view.remove_symbol("NEW")


def test_who_is_coming_need_not_be_asked_for_and_may_be_locked_and_removed(playing: Any) -> None:
    """Its data is being loaded: what is asked of it waits until then."""
    playing.data.coming = frozenset({"NEW"})
    view = playing.view()
    assert not view.add_symbol("NEW")
    assert view.lock_symbol("NEW", "x")
    assert view.unlock_symbol("NEW", "x")
    assert view.remove_symbol("NEW")
    assert view.add_symbol("NEW")
    kinds = [type(request) for request in playing.book.drain()]
    assert kinds == [LockSymbol, UnlockSymbol, RemoveSymbol, AddSymbol]


def test_locks_count_at_once(playing: Any) -> None:
    playing.data.holders.lock("A", ME, "old")
    view = playing.view()
    assert view.is_symbol_locked("A")
    assert not view.lock_symbol("A", "old")
    assert view.lock_symbol("A", "new")
    assert not view.lock_symbol("A", "new")
    assert not view.unlock_symbol("A", "other")
    assert view.unlock_symbol("A", "old")
    assert not view.unlock_symbol("A", "old")
    assert view.is_symbol_locked("A")
    assert view.unlock_symbol("A")
    assert not view.is_symbol_locked("A")
    assert not view.unlock_symbol("A")
    assert view.lock_symbol("A", "old")
    assert [type(request) for request in playing.book.drain()] == [
        LockSymbol,
        UnlockSymbol,
        UnlockSymbol,
        LockSymbol,
    ]


def test_a_lock_of_another_is_not_mine_to_release(playing: Any) -> None:
    playing.data.holders.lock("A", OTHER, "position")
    view = playing.view()
    assert [view.unlock_symbol("A"), view.unlock_symbol("A", "position")] == [False, False]
    assert view.unlock_symbol("A", "nobody's") is False
    assert view.lock_symbol("A", "position")  # for the same reason, and my own
    assert view.unlock_symbol("A")
    assert view.is_symbol_locked("A")
    assert view.remove_symbol("A") is False
    assert playing.book.drain() == [
        *[Refused(ME, "A", "unlock_symbol A", "it is locked by scanner:other (position)")] * 2,
        LockSymbol(ME, "A", "position"),
        UnlockSymbol(ME, "A"),
        Refused(ME, "A", "remove_symbol A", "it is locked: position"),
    ]


def test_a_strategy_cannot_release_the_lock_of_its_open_trade(playing: Any) -> None:
    playing.data.holders.lock("A", ME, "scanner:me trades it")
    playing.data.holders.lock("A", ME, "liked")
    playing.data.holders.set_traded(ME, ["A"])
    view = playing.view()
    assert view.unlock_symbol("A")
    assert not view.unlock_symbol("A")
    assert view.is_symbol_locked("A")
    assert not view.remove_symbol("A")
    unlocked, *refused = playing.book.drain()
    assert unlocked == UnlockSymbol(ME, "A")
    assert [one.reason for one in refused] == [
        "its trade is still open",
        "it is locked: scanner:me trades it",
    ]


def test_what_is_traded_and_not_yet_locked_cannot_be_removed(playing: Any) -> None:
    playing.data.holders.set_traded("strategy:paper", ["A"])
    assert not playing.view().remove_symbol("A")
    assert playing.book.drain() == [Refused(ME, "A", "remove_symbol A", "strategy:paper trades it")]


@pytest.mark.parametrize("symbol", [3, "", None, ["A", 4], ["A", None]])
def test_what_is_no_symbol(playing: Any, symbol: Any) -> None:
    for ask in (
        lambda view: view.add_indicator(symbol, "rsi_14_5m"),
        lambda view: view.add_session_bars(symbol, "1m"),
        lambda view: view.add_historical_bars(symbol, "1d", 1),
    ):
        with pytest.raises(TypeError, match="is not a symbol; a symbol is a text such as 'AAPL'"):
            ask(playing.view())
    assert playing.book.drain() == []


@pytest.mark.parametrize("symbol", [3, "", None, [], ["A", "B"]])
def test_what_is_not_one_symbol(playing: Any, symbol: Any) -> None:
    message = r"is not a symbol; a symbol is a text|{} takes one symbol, got [02]; call it for each of them"
    for ask in ("add_symbol", "remove_symbol", "unlock_symbol", "is_symbol_locked"):
        with pytest.raises((TypeError, ValueError), match=message.format(ask)):
            getattr(playing.view(), ask)(symbol)
    with pytest.raises((TypeError, ValueError), match=message.format("lock_symbol")):
        playing.view().lock_symbol(symbol, "kept")
    assert playing.book.drain() == []


def test_wrong_arguments_raise(playing: Any) -> None:
    view = playing.view()
    with pytest.raises(SpecError, match="is not an interval"):
        view.add_session_bars("A", "5x")
    with pytest.raises(SpecError, match="is not an indicator"):
        view.add_indicator("A", "nothing_3_5m")
    with pytest.raises(ValueError, match="at least one session"):
        view.add_historical_bars("A", "1d", 0)
    for reason in ("", None):
        with pytest.raises(ValueError, match="why the symbol is kept"):
            view.lock_symbol("A", reason)
    assert playing.book.drain() == []
