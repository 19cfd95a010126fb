"""The contract of observers, over every observer there is."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from symscan.observers.base import BaseObserver, Observer
from symscan.observers.collector import EventCollector
from symscan.observers.console.activity import ActivityLog
from symscan.observers.console.alerts import Alerts
from symscan.observers.console.conditions import Conditions
from symscan.observers.event_log import EventLog
from symscan.observers.guard import InlineObserver, UserObservers
from symscan.observers.journal import Journal
from symscan.observers.results.summary import RunSummary
from symscan.testing import ObserverContract


class _Lines(list[Any]):
    """What was printed."""

    def print(self, *what: Any) -> None:
        self.append(what)


class TestEventCollector(ObserverContract):
    def make(self, folder: Path) -> Observer:
        return EventCollector()

    def result(self, observer: Any, folder: Path) -> Any:
        return [type(event) for event in observer.events]


class TestEventLog(ObserverContract):
    def make(self, folder: Path) -> Observer:
        return EventLog()


class TestJournal(ObserverContract):
    passes_later_kinds = False

    def make(self, folder: Path) -> Observer:
        self.file = StringIO()
        return Journal(self.file)

    def result(self, observer: Any, folder: Path) -> Any:
        lines = self.file.getvalue().splitlines()
        assert lines
        return [line.partition('"execution_time_ms"')[0] for line in lines]


class TestRunSummary(ObserverContract):
    def make(self, folder: Path) -> Observer:
        return RunSummary()

    def result(self, observer: Any, folder: Path) -> Any:
        return observer.as_record()


class TestAlerts(ObserverContract):
    def make(self, folder: Path) -> Observer:
        self.lines = _Lines()
        return Alerts(self.lines.print)

    def result(self, observer: Any, folder: Path) -> Any:
        assert self.lines
        return self.lines


class TestConditions(ObserverContract):
    def make(self, folder: Path) -> Observer:
        self.lines = _Lines()
        return Conditions(self.lines.print, self.lines.print)

    def result(self, observer: Any, folder: Path) -> Any:
        return self.lines


class TestActivityLog(ObserverContract):
    def make(self, folder: Path) -> Observer:
        self.lines = _Lines()
        return ActivityLog(self.lines.print)

    def result(self, observer: Any, folder: Path) -> Any:
        assert self.lines
        return self.lines


class _Counting(BaseObserver):
    def open(self) -> None:
        self.count = 0

    def observe(self, session: object, event: object) -> None:
        self.count += 1


class TestBaseObserver(ObserverContract):
    def make(self, folder: Path) -> Observer:
        return _Counting({})

    def result(self, observer: Any, folder: Path) -> Any:
        return observer.count


class TestUserObservers(ObserverContract):
    def make(self, folder: Path) -> Observer:
        users = UserObservers([InlineObserver("it", _Counting({}))], [])
        users.open()
        return users
