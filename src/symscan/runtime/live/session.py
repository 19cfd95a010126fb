"""Assemble and open a live session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from symscan.model.bar import Block
from symscan.model.events.feed import FeedDroppedBars
from symscan.model.instant import Instant, from_datetime
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.observers.guard import guarding
from symscan.plugins.digests import digests
from symscan.recording import RECORD_NAME
from symscan.recording.database import Waiting
from symscan.recording.session_log import WAITING, SessionRecord
from symscan.runtime.building.build import CheckedConfig, SessionPorts, build, first_due
from symscan.runtime.building.store_universe import KEPT, record_kept, recorded_scanners
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.provisioning.loading import BackgroundLoader
from symscan.runtime.provisioning.prefetch import PrefetchedHistory
from symscan.runtime.provisioning.rows import OutsiderLookup
from symscan.runtime.publisher import EventPublisher
from symscan.runtime.recovery.metered import Meter, make_recorder, make_source
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.runtime.recovery.undelivered import undelivered
from symscan.runtime.recovery.work import RecordedConnectionStatus, RecordedExecution, RecordedLoader
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.sources.ports import Broker, Feed, HistorySource, LiveDay
from symscan.sources.streaming.closed_session import ClosedSessionFeed
from symscan.sources.streaming.source import StreamSource


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Options of a live session, from the command line.

    Attributes
    ----------
    source
        The broker, as :func:`symscan.sources.brokers.find_broker` takes it.
    store
        The folder of the bar store.
    day
        Of a replay: the session's date; None where the record says it.
    speed, faults
        Of a replay: the speed factor, None for no waiting, and the faults to inject.
    feed
        One of the broker's feeds; None where it has one only, or the configuration says it.
    out
        The run's folder; None for the default one.
    resume
        Whether to resume the session recorded there.
    begin
        Of a replay: the time of the exchange's day at which its clock begins; None for the start.
    csv
        Whether hits are written as CSV, too.
    home
        The current folder when the command began: ``out`` and ``store`` are taken from there.
    """

    source: str
    store: Path
    day: date | None = None
    speed: float | None = None
    faults: str = ""
    feed: str | None = None
    out: Path | None = None
    resume: bool = False
    begin: time | None = None
    csv: bool = False
    home: Path = field(default_factory=Path.cwd)

    @property
    def store_folder(self) -> Path:
        """The folder of the bar store, independent of the current one."""
        return self.home / self.store


@dataclass(frozen=True, slots=True)
class LiveRun:
    """The session to run, and where: found from the options, the record and the market's clock.

    Attributes
    ----------
    session
        The trading day.
    out
        The run's folder as the user knows it.
    home
        The current folder when the command began: ``out`` is taken from there.
    feed
        The chosen one of the broker's feeds, or the configuration's.
    is_over
        Whether the session's close has passed on the market's clock: missed bars are fetched and
        processed, and nothing is announced.
    start
        Of a replay: when its clock begins, the minutes before being processed at once; None for the
        first bar, scan or report.
    """

    session: Session
    out: Path
    home: Path = field(default_factory=Path.cwd)
    feed: str | None = None
    is_over: bool = False
    start: Instant | None = None

    @property
    def folder(self) -> Path:
        """The run's folder, independent of the current one."""
        return self.home / self.out


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session that is open.

    Attributes
    ----------
    coordinator
        Runs it.
    record
        Its record.
    stop
        Ends it between two updates; may be called from any thread.
    undelivered
        A line for each scan that an earlier process stored and may not have announced.
    when_live
        Calls back once the record is replayed; at once, if it is empty.
    observers, announcers
        Who gets every event, and who new ones alone: the user's, too.
    """

    coordinator: SessionCoordinator
    record: SessionRecord
    stop: Callable[[], None]
    undelivered: tuple[str, ...]
    when_live: Callable[[Callable[[], None]], None]
    observers: Sequence[Observer] = ()
    announcers: Sequence[Observer] = ()

    def run(self) -> bool:
        """Run the session until it is over or stopped; returns whether it is over."""
        self.record.update_meta(status="running")
        status = "failed"
        try:
            self.coordinator.run()
            is_over = self.coordinator.is_over
            status = "complete" if is_over else "interrupted"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            self.record.update_meta(status=status)
        return is_over


@dataclass(frozen=True, slots=True)
class LiveSetup:
    """A checked configuration with the feed of its session, not yet open.

    Attributes
    ----------
    checked
        The configuration.
    options, run
        What was asked for, and what to run by that.
    settings
        Settings of the stream.
    broker
        Where the bars come from.
    day
        The session and the store that the broker is made to serve.
    history
        The bars of earlier sessions.
    warnings
        Warnings to publish at the start.
    make_execution
        Makes the execution that runs scans beside the stream; replaceable for another clock.
    meter
        Measures the session's steps; None: nobody.
    """

    checked: CheckedConfig
    options: LiveOptions
    run: LiveRun
    settings: LiveSettings
    broker: Broker
    day: LiveDay
    history: HistorySource
    warnings: tuple[str, ...] = ()
    make_execution: Callable[..., ThreadedExecution] = ThreadedExecution
    meter: Meter | None = None

    @property
    def session(self) -> Session:
        """The trading day."""
        return self.run.session

    def about(self) -> dict[str, Any]:
        """Return the facts that must be the same for a session to be resumed."""
        return {
            "configuration": self.checked.config.text,
            "session": self.session.date.isoformat(),
            "exchange": self.checked.config.exchange,
            "source": self.broker.origin or self.broker.name,
            "store": str(self.options.store_folder.resolve()),
        }

    @contextmanager
    def opened(
        self,
        observers: Sequence[Observer] = (),
        announcers: Sequence[Observer] = (),
        waiting: Waiting = WAITING,
    ) -> Iterator[LiveSession]:
        """Open the session, connected and ready to run; everything is closed when the context ends.

        Parameters
        ----------
        observers, announcers
            Observers of every event, and observers of new ones.
        waiting
            How long to wait for other programs that lock the record.

        Raises
        ------
        DataError
            If the record cannot be made or resumed.
        FeedError
            If the feed refuses.
        """
        path = self.run.folder / RECORD_NAME
        make = SessionRecord.resume if self.options.resume else SessionRecord.create
        with closing(make(path, self.about(), waiting)) as record:
            undelivered_lines = tuple(undelivered(record, self.session))
            scanners = recorded_scanners(self.checked, record, self.session.date)
            managed = scanners.managed(self.session, isolates=True)
            processed = self._last_processed(record, managed)
            feed = self._feed(processed)
            guarded = guarding(
                self.checked.observers.make(), observers, announcers, waits=feed.waits_for_session
            )
            with closing(feed), guarded as (every, new):
                record.update_meta(**self._details(feed, record.meta))
                self.broker.prepare(self.day, self._named_symbols())
                feed.open()
                recorder = make_recorder(record, self.session, self.meter)
                source = self._source(feed, processed, any(one.due.at_close for one in managed))
                publisher = EventPublisher(self.session, every, new, recorder, self.checked.decider())
                execution = self.make_execution(feed.wake, waits_for_session=feed.waits_for_session)
                ports = self._ports(feed, source, recorder, publisher, execution)
                ports = replace(ports, kept=record.meta.get(KEPT) or {})
                coordinator = build(replace(self.checked, scanners=scanners), self.session, managed, ports)
                record_kept(record, managed)
                recorder.when_live(lambda: _restore_source(source, coordinator, record))

                def stop() -> None:
                    execution.stop_waiting()
                    source.stop()

                when_live = recorder.when_live
                yield LiveSession(coordinator, record, stop, undelivered_lines, when_live, every, new)

    def _feed(self, processed: Instant | None) -> Feed:
        """Make the feed, not yet open; of a session that is over nothing is streamed."""
        feed = self.broker.live_feed(replace(self.day, processed=processed))
        return ClosedSessionFeed(feed, self.session, self.broker) if self.run.is_over else feed

    def _source(self, feed: Feed, processed: Instant | None, completes_day: bool) -> StreamSource:
        """Make the stream's source; of stored bars it drops none that a backtest would use."""
        return StreamSource(
            feed,
            self.session,
            self.settings,
            processed,
            keeps_zero_volume=self.broker.is_replay,
            completes_day=completes_day,
        )

    def _last_processed(self, record: SessionRecord, scanners: Sequence[ManagedScanner]) -> Instant | None:
        """Return the last instant that needs no slice any more; None if there is none in this session."""
        last = record.last_slice()
        return self.broker.start_of(self.day, first_due(scanners, self.session)) if last is None else last

    def _ports(
        self,
        feed: Feed,
        source: StreamSource,
        recorder: StepRecorder,
        publisher: EventPublisher,
        execution: ThreadedExecution,
    ) -> SessionPorts:
        """Make the ports: what runs beside the stream, each behind its recorder."""
        prefetched = PrefetchedHistory(self.history, source, self.checked.calendar, self.session)
        loader = BackgroundLoader(prefetched.prefetch, feed.wake, waits_for_session=feed.waits_for_session)
        return SessionPorts(
            prefetched,
            make_source(recorder, source, self.meter),
            publisher,
            RecordedLoader(recorder, loader),
            RecordedExecution(recorder, execution),
            None if feed.waits_for_session else _load_now,
            keeps_checkpoints=True,
            lookup=OutsiderLookup(self.history, feed),
            connection=RecordedConnectionStatus(recorder, source),
            settings=self.settings,
        )

    def _named_symbols(self) -> frozenset[str]:
        """Return the symbols that the configuration and its universes name."""
        universes = (scanner.universe for scanner in self.checked.made)
        return frozenset(self.checked.config.symbols).union(*universes)

    def _details(self, feed: Feed, noted: Mapping[str, Any]) -> dict[str, Any]:
        """Return further facts for the record; a module stays noted as it first was."""
        return {
            "file": str(Path(self.checked.config.file).absolute()),
            "base": str(feed.base),
            "speed": self.options.speed,
            "faults": self.options.faults,
            "modules": {**digests(), **noted.get("modules", {})},
        }


def _load_now(load: Callable[[], Sequence[Block]]) -> Sequence[Block]:
    """Load earlier bars of members at once: a stream does not wait when they are read."""
    return load()


def _restore_source(source: StreamSource, coordinator: SessionCoordinator, record: SessionRecord) -> None:
    """Give the source the bars a resumed session has, and since when bars may be missing."""
    source.restore_bars(_replayed_bars(coordinator))
    dropped = [json.loads(line)["since"] for line in record.lines_of(FeedDroppedBars)]
    if dropped:
        source.restore_drop(from_datetime(datetime.fromisoformat(min(dropped))))


def _replayed_bars(coordinator: SessionCoordinator) -> list[Block]:
    """Return the bars of a resumed session after its replay."""
    data = coordinator.session_data
    return [*data.premarket.grid.blocks, *data.regular.grid.blocks]
