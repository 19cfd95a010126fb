"""A live session: what it is put together from, and opening it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from symscan.model.bar import Block
from symscan.model.events.feed import FeedDroppedBars
from symscan.model.instant import Instant, from_datetime
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.plugins.digests import digests
from symscan.recording import RECORD_NAME
from symscan.recording.database import Waiting
from symscan.recording.session_log import WAITING, SessionRecord
from symscan.runtime.building.build import CheckedConfig, SessionPorts, build
from symscan.runtime.building.store_universe import recorded_scanners
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.live.feed_plans import BrokerSession
from symscan.runtime.provisioning.loading import BackgroundLoader
from symscan.runtime.provisioning.prefetch import PrefetchedHistory
from symscan.runtime.provisioning.rows import OutsiderLookup
from symscan.runtime.publisher import EventPublisher
from symscan.runtime.recovery.source import RecordedSource
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.runtime.recovery.undelivered import undelivered
from symscan.runtime.recovery.work import RecordedConnectionStatus, RecordedExecution, RecordedLoader
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.bar_history import LazyBlocks
from symscan.sources.ports import Feed
from symscan.sources.streaming.source import StreamSource


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the command line says of a live session.

    Attributes
    ----------
    source
        ``replay`` or ``alpaca``.
    store
        The folder of the bar store.
    day
        The session's date.
    speed, faults
        Of a replay: how many times as fast, None for as fast as it goes, and what goes wrong.
    feed
        Of Alpaca: ``iex`` or ``sip``.
    out
        The run's folder.
    resume
        Whether to go on with what is recorded there.
    clock_offset
        This computer's clock minus the market's, microseconds, as far as it is known before the feed is open.
    is_over
        Whether the session's close has passed on the market's clock: what it missed is fetched and gone
        through, and nothing of it is announced.
    start
        Of a replay: when its clock begins, the minutes before being gone through at once; None for where
        something happens first.
    home
        The current folder when the command began: ``out`` and ``store`` are taken from there.
    """

    source: str
    store: Path
    day: date
    speed: float | None
    faults: str
    feed: str | None
    out: Path
    resume: bool = False
    clock_offset: Instant = 0
    is_over: bool = False
    start: Instant | None = None
    home: Path = field(default_factory=Path.cwd)

    @property
    def folder(self) -> Path:
        """The run's folder, wherever the current one is by now."""
        return self.home / self.out


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A live session that is open.

    Attributes
    ----------
    coordinator
        Runs it.
    record
        What is stored of it.
    stop
        Ends it between two moments; may be called from any thread.
    undelivered
        What an earlier process stored and may not have told, a line each.
    when_new
        Has something done once the session has gone through its record; at once, if that is empty.
    """

    coordinator: SessionCoordinator
    record: SessionRecord
    stop: Callable[[], None]
    undelivered: tuple[str, ...]
    when_new: Callable[[Callable[[], None]], None]

    def run(self) -> bool:
        """The whole session, or until it is stopped; returns whether it came to its close."""
        self.record.note(status="running")
        status = "failed"
        try:
            self.coordinator.run()
            is_over = self.coordinator.now >= self.coordinator.session.close
            status = "complete" if is_over else "interrupted"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            self.record.note(status=status)
        return is_over


@dataclass(frozen=True, slots=True)
class LiveSetup:
    """A configuration that passed every check, with the feed of the session it is to run.

    Attributes
    ----------
    checked
        The configuration.
    session
        The trading day.
    settings
        How bars are taken.
    feed_plan
        Where they come from.
    warnings
        What the user should know of before believing the result.
    make_execution
        Makes what carries out scans beside the stream; one with another clock measures timeouts by that.
    """

    checked: CheckedConfig
    options: LiveOptions
    session: Session
    settings: LiveSettings
    feed_plan: BrokerSession
    warnings: tuple[str, ...] = ()
    make_execution: Callable[..., ThreadedExecution] = ThreadedExecution

    def about(self) -> dict[str, Any]:
        """What must be the same for a session to be resumed."""
        return {
            "configuration": self.checked.config.text,
            "session": self.session.date.isoformat(),
            "exchange": self.checked.config.exchange,
            "source": self.feed_plan.name,
            "store": str(self.options.store.resolve()),
        }

    @contextmanager
    def opened(
        self,
        observers: Sequence[Observer] = (),
        announcers: Sequence[Observer] = (),
        waiting: Waiting = WAITING,
    ) -> Iterator[LiveSession]:
        """The session, connected and ready to run; everything is closed when the context ends.

        Parameters
        ----------
        observers, announcers
            Who is told of everything, and who of what is new.
        waiting
            How long other programs are waited for that lock the record.

        Raises
        ------
        DataError
            If the record cannot be made or gone on with.
        FeedError
            If the feed refuses.
        """
        path = self.options.folder / RECORD_NAME
        make = SessionRecord.resume if self.options.resume else SessionRecord.create
        with closing(make(path, self.about(), waiting)) as record:
            not_told = tuple(undelivered(record, self.session))
            scanners = recorded_scanners(self.checked, record, self.session.date)
            managed = scanners.managed(self.session, isolates=True)
            feed = self.feed_plan.feed(record.last_slice(), managed)
            with closing(feed):
                record.note(**self._more(feed, record.meta))
                self.feed_plan.prepare(self._wanted(), self.session)
                feed.open()
                tape = StepRecorder(record, self.session)
                source = self._source(record, feed, managed)
                teller = EventPublisher(self.session, observers, announcers, tape)
                execution = self.make_execution(feed.wake, waits_for_session=feed.waits_for_session)
                ports = self._ports(feed, source, tape, teller, execution)
                coordinator = build(self.checked, self.session, managed, ports)
                tape.when_live(lambda: _remember(source, coordinator, record))

                def stop() -> None:
                    execution.stop_waiting()
                    source.stop()

                yield LiveSession(coordinator, record, stop, not_told, tape.when_live)

    def _source(self, record: SessionRecord, feed: Feed, scanners: Sequence[ManagedScanner]) -> StreamSource:
        """The stream's slices; of a store's own bars none is dropped that a backtest would use."""
        is_stored = self.feed_plan.origin is None
        begun = self._gone_through(record, scanners)
        return StreamSource(feed, self.session, self.settings, begun, keeps_zero_volume=is_stored)

    def _gone_through(self, record: SessionRecord, scanners: Sequence[ManagedScanner]) -> Instant | None:
        """The last instant that needs no slice any more; None if there is none in this session."""
        last = record.last_slice()
        return self.feed_plan.begin(scanners) if last is None else last

    def _ports(
        self,
        feed: Feed,
        source: StreamSource,
        tape: StepRecorder,
        teller: EventPublisher,
        execution: ThreadedExecution,
    ) -> SessionPorts:
        """What runs beside the stream, and what is recorded of it."""
        history = self.feed_plan.history
        prefetched = PrefetchedHistory(history, source, self.checked.calendar, self.session)
        loading = BackgroundLoader(prefetched.prefetch, feed.wake, waits_for_session=feed.waits_for_session)
        return SessionPorts(
            prefetched,
            RecordedSource(tape, source),
            teller,
            RecordedLoader(tape, loading),
            RecordedExecution(tape, execution),
            LazyBlocks if feed.waits_for_session else _at_once,
            keeps_checkpoints=True,
            add_outsiders=OutsiderLookup(history, feed).add_to,
            connection=RecordedConnectionStatus(tape, source),
            settings=self.settings,
        )

    def _wanted(self) -> frozenset[str]:
        """The symbols that the configuration and its universes name."""
        universes = (scanner.universe for scanner in self.checked.made)
        return frozenset(self.checked.config.symbols).union(*universes)

    def _more(self, feed: Feed, noted: Mapping[str, Any]) -> dict[str, Any]:
        """What else is worth knowing of the session; a module stays noted as it first was."""
        return {
            "file": str(Path(self.checked.config.file).absolute()),
            "base": str(feed.base),
            "speed": self.options.speed,
            "faults": self.options.faults,
            "modules": {**digests(), **noted.get("modules", {})},
        }


def _at_once(load: Callable[[], Sequence[Block]]) -> Sequence[Block]:
    """Load earlier bars of members with them: when they are read, a stream that does not wait goes on."""
    return load()


def _remember(source: StreamSource, coordinator: SessionCoordinator, record: SessionRecord) -> None:
    """Tell the source what a resumed session has had, and since when bars may be missing of it."""
    source.restore_bars(_bars_of(coordinator))
    dropped = [json.loads(line)["since"] for line in record.lines_of(FeedDroppedBars)]
    if dropped:
        source.restore_drop(from_datetime(datetime.fromisoformat(min(dropped))))


def _bars_of(coordinator: SessionCoordinator) -> list[Block]:
    """The bars a resumed session has had, once it has gone through its record."""
    data = coordinator.session_data
    return [*data.premarket.grid.blocks, *data.regular.grid.blocks]
