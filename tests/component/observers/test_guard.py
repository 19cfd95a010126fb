from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from support.waiting import LIMIT
from symscan.model.events.session import Event, Warned
from symscan.model.session import Session
from symscan.observers.base import BaseObserver
from symscan.observers.collector import EventCollector
from symscan.observers.guard import InlineObserver, ThreadedObserver, UserObservers, guarding

SESSION: Any = object()
EVENTS = [Warned(at, str(at)) for at in range(5)]


class Mine(BaseObserver):
    """Keeps what it is given, and does something besides."""

    def __init__(
        self, then: Callable[[Event], object] = lambda _: None, close: Callable[[], object] = bool
    ) -> None:
        super().__init__({})
        self.given: list[Event] = []
        self.threads: set[int] = set()
        self._then = then
        self._close = close

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's signature
        self.threads.add(threading.get_ident())
        self.given.append(event)
        self._then(event)

    def close(self) -> None:
        self._close()


class Announcing(Mine):
    announces = True


def _fail(_: object = None) -> None:
    raise ValueError("no more")


def _messages(collector: EventCollector) -> list[str]:
    return [event.message for event in collector.events if isinstance(event, Warned)]


@pytest.mark.parametrize("waits", [True, False])
def test_every_event_is_given_in_order(waits: bool) -> None:
    mine = Mine()
    with guarding([("mine", mine)], [EventCollector()], waits=waits) as (every, new):
        for event in EVENTS:
            for one in (*every, *new):
                one.observe(SESSION, event)
    assert mine.given == EVENTS
    assert (threading.get_ident() in mine.threads) is waits


def test_observers_and_announcers_are_told_apart() -> None:
    mine, announcing, own, others = Mine(), Announcing(), EventCollector(), EventCollector()
    both = [("mine", mine), ("announcing", announcing)]
    with guarding(both, [own], [others], waits=True) as (every, new):
        for one in every:
            one.observe(SESSION, EVENTS[0])
        for one in new:
            one.observe(SESSION, EVENTS[1])
    assert (mine.given, announcing.given) == ([EVENTS[0]], [EVENTS[1]])
    assert (own.events, others.events) == ([EVENTS[0]], [EVENTS[1]])


@pytest.mark.parametrize("waits", [True, False])
def test_one_that_raises_is_given_no_more_and_a_warning_says_so_once(waits: bool) -> None:
    failing, mine, own = Mine(_fail), Mine(), EventCollector()
    with guarding([("failing", failing), ("mine", mine)], [own], waits=waits) as (every, _):
        for event in EVENTS:
            every[0].observe(SESSION, event)
    assert failing.given == EVENTS[:1]
    assert mine.given == EVENTS
    (message,) = _messages(own)
    assert message.startswith("observer 'failing' failed and gets no more events: observe(): ")
    assert message.endswith("ValueError: no more")


@pytest.mark.parametrize("waits", [True, False])
def test_one_that_cannot_be_closed_is_told_of(waits: bool) -> None:
    own = EventCollector()
    with guarding([("mine", Mine(close=_fail))], [own], waits=waits) as (every, _):
        every[0].observe(SESSION, EVENTS[0])
    (message,) = _messages(own)
    assert "close(): " in message


def test_every_observer_is_closed_when_the_session_ends_by_an_error() -> None:
    closed: list[str] = []
    both = [(name, Mine(close=lambda name=name: closed.append(name))) for name in ("one", "two")]
    with suppress(KeyError), guarding(both, [], waits=True):
        raise KeyError
    assert closed == ["one", "two"]


def test_what_an_observer_changes_is_its_own_copy() -> None:
    class Changing(Mine):
        def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002
            object.__setattr__(event, "message", "changed")

    event, other = Warned(1, "as it was"), Mine()
    guarded = [InlineObserver("changing", Changing()), InlineObserver("other", other)]
    UserObservers(guarded, []).observe(SESSION, event)
    assert (event.message, other.given) == ("as it was", [Warned(1, "as it was")])


def test_the_session_does_not_wait_for_one_that_hangs() -> None:
    """Not at an event, not when too many wait, and at the end only for so long."""
    let_go = threading.Event()
    hanging = ThreadedObserver(InlineObserver("mine", Mine(lambda _: let_go.wait(LIMIT))), 2, 0.01)
    own = EventCollector()
    users = UserObservers([hanging], [own])
    users.open()
    try:
        for event in EVENTS:  # one of them is handled or will be, two wait, the next is too many
            users.observe(SESSION, event)
        assert _messages(own) == [
            "observer 'mine' failed and gets no more events: observe(): 2 events wait for it"
        ]
        users.close()
        assert len(own.events) == 1, "that it did not end is no second fault"
    finally:
        let_go.set()


def test_one_that_does_not_end_in_time_is_told_of() -> None:
    let_go, began = threading.Event(), threading.Event()

    def wait(_: Event) -> None:
        began.set()
        let_go.wait(LIMIT)

    own = EventCollector()
    users = UserObservers([ThreadedObserver(InlineObserver("mine", Mine(wait)), closing_seconds=0.01)], [own])
    users.open()
    try:
        users.observe(SESSION, EVENTS[0])
        assert began.wait(LIMIT)
        users.close()
        (message,) = _messages(own)
        assert "it did not end within 0.01 seconds" in message
    finally:
        let_go.set()
