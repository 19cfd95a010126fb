"""Stored before anyone is told, and nobody told twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from support.builders import Recorder, make_session
from symscan.model.events.session import Event, Warned
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.runtime.publisher import EventPublisher

SESSION = make_session()
ONE, TWO = Warned(1, "one"), Warned(2, "two")


class MemoryLog:
    """A step log that keeps what it is given; the first steps may be old ones."""

    def __init__(self, log: list[str], old_steps: int = 0, says: Sequence[Event] = ()) -> None:
        self.steps: list[tuple[str, Instant, list[Event]]] = []
        self._log = log
        self._old_steps = old_steps
        self._says = list(says)

    @property
    def is_replaying(self) -> bool:
        return len(self.steps) < self._old_steps

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        self._log.append("stored")
        self.steps.append((kind, end, list(events)))
        return self._says

    def delivered(self) -> None:
        self._log.append("delivered")


class Listener(Recorder):
    """Says when it is told."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log

    def observe(self, session: Session, event: Event) -> None:
        super().observe(session, event)
        self._log.append("told")


def test_a_step_is_stored_before_it_is_told_and_ticked_off_afterwards() -> None:
    log: list[str] = []
    step_log, listener = MemoryLog(log), Listener(log)
    publisher = EventPublisher(SESSION, [listener], step_log=step_log)
    publisher.add(ONE)
    publisher.add(TWO)
    assert log == []
    publisher.commit("slice", 7)
    assert log == ["stored", "told", "told", "delivered"]
    assert step_log.steps == [("slice", 7, [ONE, TWO])]
    assert listener.events == [ONE, TWO]


def test_nobody_is_told_of_what_could_not_be_stored() -> None:
    class Full(MemoryLog):
        def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
            raise OSError(f"no room for {kind} {end} {events}")

    listener = Listener([])
    publisher = EventPublisher(SESSION, [listener], step_log=Full([]))
    publisher.add(ONE)
    with pytest.raises(OSError, match="no room for slice 7"):
        publisher.commit("slice", 7)
    publisher.flush()
    assert listener.events == []


def test_announcers_are_not_told_again_of_what_was_stored_before() -> None:
    observer, announcer = Recorder(), Recorder()
    log: list[str] = []
    publisher = EventPublisher(SESSION, [observer], [announcer], MemoryLog(log, old_steps=1))
    for event in (ONE, TWO):
        publisher.add(event)
        publisher.commit("slice", 7)
    assert observer.events == [ONE, TWO]
    assert announcer.events == [TWO]
    assert log == ["stored", "stored", "delivered"]  # the old step was ticked off by another process, or not


def test_what_the_ledger_has_to_say_is_told_with_the_step() -> None:
    listener = Recorder()
    publisher = EventPublisher(SESSION, [listener], step_log=MemoryLog([], says=[TWO]))
    publisher.add(ONE)
    publisher.commit("slice", 7)
    assert listener.events == [ONE, TWO]


def test_each_event_is_told_once_and_to_all() -> None:
    observer, announcer = Recorder(), Recorder()
    publisher = EventPublisher(SESSION, [observer], [announcer])
    publisher.add(ONE)
    publisher.commit("slice", 7)
    publisher.commit("slice", 8)
    publisher.flush()
    assert observer.events == announcer.events == [ONE]


def test_what_is_left_of_a_step_that_broke_off_is_told_by_flushing() -> None:
    observer, announcer = Recorder(), Recorder()
    step_log = MemoryLog([])
    publisher = EventPublisher(SESSION, [observer], [announcer], step_log)
    publisher.add(ONE)
    publisher.flush()
    publisher.flush()
    assert observer.events == announcer.events == [ONE]
    assert step_log.steps == []  # a resumed session plays that step anew
