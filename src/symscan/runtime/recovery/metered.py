"""Measure the steps of a live session where its source and its record are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from symscan.clock.wall_clock import Stopwatch
from symscan.model.bar import SourceUpdate
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.recording.session_log import SessionRecord
from symscan.runtime.recovery.source import RecordedSource
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.sources.ports import BarSource


class Meter(Protocol):
    """Measures each step: what begins it, and how long it and its storing take."""

    def begin_step(self, update: SourceUpdate) -> None:
        """Note that a step begins."""

    def end_step(self) -> None:
        """Note that it ended."""

    def commit_finished(self, seconds: float) -> None:
        """Note how long storing a step took."""

    def subscription_changed(self, symbols: int) -> None:
        """Note how many symbols are subscribed."""


class MeteredSource(RecordedSource):
    """A recorded source whose updates are measured: the next one is taken when the last is processed."""

    def __init__(self, recorder: StepRecorder, source: BarSource, meter: Meter) -> None:
        super().__init__(recorder, source)
        self._meter = meter
        self._subscribed: set[str] = set()

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Subscribe symbols, and count them."""
        super().subscribe(rows, capacity)
        self._subscribed.update(rows)
        self._meter.subscription_changed(len(self._subscribed))

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Stop delivering bars of symbols, and count what is left."""
        super().unsubscribe(symbols)
        self._subscribed.difference_update(symbols)
        self._meter.subscription_changed(len(self._subscribed))

    def slices(self) -> Iterator[SourceUpdate]:
        """Yield the updates, and measure what is done with each."""
        for update in super().slices():
            self._meter.begin_step(update)
            yield update
            self._meter.end_step()


class MeteredRecorder(StepRecorder):
    """A recorder that measures how long storing a step takes."""

    def __init__(self, record: SessionRecord, session: Session, meter: Meter) -> None:
        super().__init__(record, session)
        self._meter = meter

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        """Store the step, measured, or compare it with the record."""
        if self.is_replaying:
            return super().commit(kind, end, events)
        stopwatch = Stopwatch()
        said = super().commit(kind, end, events)
        self._meter.commit_finished(stopwatch.elapsed_seconds)
        return said


def make_recorder(record: SessionRecord, session: Session, meter: Meter | None) -> StepRecorder:
    """Return a session's recorder, metered if there is a meter."""
    return StepRecorder(record, session) if meter is None else MeteredRecorder(record, session, meter)


def make_source(recorder: StepRecorder, source: BarSource, meter: Meter | None) -> RecordedSource:
    """Return a session's recorded source, metered if there is a meter."""
    return RecordedSource(recorder, source) if meter is None else MeteredSource(recorder, source, meter)
