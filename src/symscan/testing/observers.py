"""The contract of observers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from symscan.model.event_json import record_of
from symscan.model.events.session import Event
from symscan.model.session import Session
from symscan.observers.base import BaseObserver, Observer
from symscan.testing import market


class _LaterKind(Event, frozen=True):
    """A kind of event that this version does not have."""


class ObserverContract:
    """What every observer must keep to: it takes every event as it comes, and changes nothing.

    It is given the events of a session with a scanner and a strategy. Derive a class whose name begins
    with ``Test`` and say how the observer is made.

    Attributes
    ----------
    passes_later_kinds
        Whether it must let kinds of events pass that it does not know; ours know them all.
    """

    passes_later_kinds: ClassVar[bool] = True

    @abstractmethod
    def make(self, folder: Path) -> Observer:
        """Make the observer; what it writes goes into a folder."""

    def result(self, observer: Observer, folder: Path) -> Any:
        """Return what came of it, to be compared; by default the files it wrote.

        Parameters
        ----------
        observer
            After the last event, closed.
        folder
            The folder it was made for.
        """
        del observer
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    @pytest.fixture(scope="class")
    @classmethod
    def published(cls, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Session, Event]]:
        """The events of a session, each with it."""
        folder = tmp_path_factory.mktemp("observer")
        store, universe = market.write_store(folder), market.write_universe(folder)
        scanner = market.scanner("scanners.gap", {"min_gap_percent": 0.5}, universe)
        strategy = {"module": "strategies.paper_trader", "config": {"scanner": "it", "atr": "atr_5_5m"}}
        data = {"symbols": ["UP"], "scanners": [scanner], "strategies": [strategy]}
        (session,) = market.assemble(store, data).sessions
        return [(session, event) for event in market.play(store, data)]

    def give(self, published: Sequence[tuple[Session, Event]], folder: Path) -> Any:
        """Make an observer and give it all events; returns what came of it."""
        folder.mkdir()
        observer = self.make(folder)
        if isinstance(observer, BaseObserver):
            observer.open()
        for session, event in published:
            observer.observe(session, event)
        if isinstance(observer, BaseObserver):
            observer.close()
        return self.result(observer, folder)

    def test_every_event_is_taken_and_left_as_it_is(
        self, published: Sequence[tuple[Session, Event]], tmp_path: Path
    ) -> None:
        """It raises for none, and changes none: others are given the same objects."""
        before = [record_of(*one) for one in published]
        self.give(published, tmp_path / "one")
        assert [record_of(*one) for one in published] == before

    def test_the_same_events_have_the_same_result(
        self, published: Sequence[tuple[Session, Event]], tmp_path: Path
    ) -> None:
        """A resumed session gives them again: what came of them must not depend on when that was."""
        assert self.give(published, tmp_path / "one") == self.give(published, tmp_path / "two")

    def test_kinds_of_later_versions_are_let_pass(
        self, published: Sequence[tuple[Session, Event]], tmp_path: Path
    ) -> None:
        """It matches the events it is about."""
        if self.passes_later_kinds:
            session, event = published[-1]
            self.give([*published[:-1], (session, _LaterKind(event.at)), published[-1]], tmp_path / "one")
