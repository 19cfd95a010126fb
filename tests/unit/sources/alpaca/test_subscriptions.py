"""Which symbols are asked for next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symscan.sources.alpaca.subscriptions import SubscriptionRequest, Subscriptions, format_symbols
from symscan.sources.ports import Limited


class Account:
    """A stream that takes so many symbols and no more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.subscribed: dict[str, None] = {}
        self.requests = 0

    def settle(self, subscriptions: Subscriptions) -> None:
        while request := subscriptions.next_request():
            self.requests += 1
            assert self.requests < 1_000
            self._answer(subscriptions, request)

    def _answer(self, subscriptions: Subscriptions, request: SubscriptionRequest) -> None:
        after = dict(self.subscribed)
        for symbol in request.symbols:
            if request.action == "subscribe":
                after[symbol] = None
            else:
                after.pop(symbol)
        if len(after) > self.limit:
            subscriptions.handle_limit(request)
            return
        self.subscribed = after
        assert subscriptions.handle_accepted(request, list(after)) is None


def names(count: int, first: int = 0) -> list[str]:
    return [f"S{number:03}" for number in range(first, first + count)]


@pytest.mark.parametrize("limit", [0, 1, 2, 29, 30, 31, 49, 50, 51])
def test_those_wanted_first_fill_the_account(limit: int) -> None:
    account, subscriptions = Account(limit), Subscriptions()
    subscriptions.subscribe(names(50))
    account.settle(subscriptions)
    assert list(account.subscribed) == names(min(limit, 50))
    assert subscriptions.limit == (limit if limit < 50 else None)
    assert account.requests <= 8


def test_a_known_limit_is_not_sought_again() -> None:
    account, subscriptions = Account(30), Subscriptions()
    subscriptions.subscribe(names(50))
    account.settle(subscriptions)
    account.subscribed, account.requests = {}, 0
    subscriptions.reset()
    account.settle(subscriptions)
    assert list(account.subscribed) == names(30)
    assert account.requests == 1


@given(
    st.integers(0, 12),
    st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(names(20)), max_size=15)), max_size=8),
)
def test_as_many_as_possible_whatever_comes_and_goes(
    limit: int, changes: list[tuple[bool, list[str]]]
) -> None:
    account, subscriptions = Account(limit), Subscriptions()
    wanted: dict[str, None] = {}
    for is_added, symbols in changes:
        if is_added:
            subscriptions.subscribe(symbols)
            wanted |= dict.fromkeys(symbols)
        else:
            subscriptions.unsubscribe(symbols)
            wanted = {symbol: None for symbol in wanted if symbol not in symbols}
        account.settle(subscriptions)
        assert set(account.subscribed) <= set(wanted)
        assert len(account.subscribed) == min(limit, len(wanted))


def test_the_limit_is_reported_once_with_who_is_left_out() -> None:
    account, subscriptions = Account(2), Subscriptions()
    subscriptions.subscribe(names(3))
    account.settle(subscriptions)
    assert subscriptions.take_limit_change() == Limited(2, ("S002",))
    assert subscriptions.take_limit_change() is None
    subscriptions.unsubscribe(["S002"])
    account.settle(subscriptions)
    assert subscriptions.take_limit_change() is None


class Refusing(Account):
    """A stream that refuses some symbols, and with them the whole request."""

    def __init__(self, *refused: str, limit: int = 1_000) -> None:
        super().__init__(limit)
        self.refused = frozenset(refused)
        self.messages: list[str] = []

    def _answer(self, subscriptions: Subscriptions, request: SubscriptionRequest) -> None:
        if request.action == "subscribe" and not self.refused.isdisjoint(request.symbols):
            self.messages += filter(None, [subscriptions.handle_refused(request, "invalid symbol, 400")])
        else:
            super()._answer(subscriptions, request)


@pytest.mark.parametrize("places", [[0], [77], [3, 4, 60], [99]])
def test_a_refused_symbol_costs_the_others_nothing(places: list[int]) -> None:
    refused = [names(100)[place] for place in places]
    account, subscriptions = Refusing(*refused), Subscriptions()
    subscriptions.subscribe(names(100))
    account.settle(subscriptions)
    assert set(account.subscribed) == {*names(100)}.difference(refused)
    assert account.messages == [f"Alpaca does not subscribe {one} (invalid symbol, 400)" for one in refused]
    assert account.requests < 20 * len(places)


def test_a_stream_that_refuses_everything_is_not_asked_symbol_by_symbol() -> None:
    account, subscriptions = Refusing(*names(400)), Subscriptions()
    subscriptions.subscribe(names(400))
    account.settle(subscriptions)
    assert account.subscribed == {}
    assert account.requests < 40
    assert "and 375 more" in account.messages[-1]


def test_what_was_wanted_and_unwanted_is_not_asked_for() -> None:
    subscriptions = Subscriptions()
    subscriptions.subscribe(["A", "B"])
    subscriptions.unsubscribe(["A"])
    assert subscriptions.next_request() == SubscriptionRequest("subscribe", ("B",))


def test_a_symbol_that_is_not_confirmed_is_told_and_not_asked_for_again() -> None:
    subscriptions = Subscriptions()
    subscriptions.subscribe(["A", "B"])
    request = subscriptions.next_request()
    assert request is not None
    message = subscriptions.handle_accepted(request, ["A"])
    assert message == "Alpaca does not subscribe B (no reason given)"
    assert subscriptions.next_request() is None
    assert subscriptions.take_limit_change() is None


def test_many_symbols_are_shown_shortly() -> None:
    assert format_symbols(names(3)) == "S000, S001, S002"
    assert format_symbols(names(12)).endswith("S009 and 2 more")
