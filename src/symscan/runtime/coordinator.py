"""Run one session from its beginning to its close, the same for a backtest and live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice, DayComplete, InterimUpdate, SourceUpdate
from symscan.model.events.session import (
    Event,
    ScanFinished,
    ScannerDone,
    ScanPhase,
    SessionActivated,
    SessionClosed,
    SessionPrepared,
    Warned,
)
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.runtime.monitors.lag import LagMonitor
from symscan.runtime.monitors.readiness import ReadinessMonitor
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning.provisioner import Provisioner
from symscan.runtime.provisioning.queue import ProvisioningQueue
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.running.manager import ScannerManager
from symscan.session.day_completion import DayCompletion
from symscan.session.holders import CONFIG, SCRIPT, scanner_holder
from symscan.session.requests import AdmitMembers, ReleaseHolder, Request
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource

if TYPE_CHECKING:
    from symscan.strategies.engine import AnalysisEngine

_OPENING_SECONDS: Final = 0.25
"""How long the session waits, once, for the last scans before the open."""


@dataclass(eq=False)
class SessionCoordinator:
    """Runs a session: processes each slice, and between slices loads what plug-ins requested.

    Attributes
    ----------
    session, session_data, time_manager
        The trading day, its state and its clock.
    queue
        Applies what plug-ins request; ``provisioner`` does so at once, before the stream.
    day_completion
        Completes the day's own bar after the last slice.
    publisher
        Stores and publishes events.
    strategies
        Runs the strategies; None where there are none.
    config_symbols
        The symbols the configuration names, those the store lacks left out.
    lag
        Monitors whether the session keeps up with its source.
    readiness
        Reports shortly before the open what the session has; None reports nothing.
    closing_seconds
        How long the end waits for running scans.
    """

    session: Session
    time_manager: TimeManager
    session_data: SessionData
    processor: DataProcessor
    scanner_manager: ScannerManager
    provisioner: Provisioner
    queue: ProvisioningQueue
    day_completion: DayCompletion
    source: BarSource
    publisher: EventPublisher
    strategies: AnalysisEngine | None = None
    config_symbols: tuple[str, ...] = ()
    lag: LagMonitor = field(default_factory=LagMonitor)
    readiness: ReadinessMonitor | None = None
    closing_seconds: float = 0.0
    _is_day_complete: bool = field(default=False, init=False)

    @property
    def now(self) -> Instant:
        """The instant of the last slice."""
        return self.time_manager.now

    @property
    def is_over(self) -> bool:
        """Whether the session came to its close, and to the scans that wait for it."""
        has_scanned = self._is_day_complete or not self.scanner_manager.scans_at_close
        return self.now >= self.session.close and has_scanned

    def run(self, after_step: Callable[[], None] | None = None) -> None:
        """Run the whole session; scanners are torn down and strategies ended whatever happens.

        Parameters
        ----------
        after_step
            Called after each update is processed, to show progress.
        """
        try:
            self.prepare()
            for update in self.slices():
                self.process(update)
                if after_step is not None:
                    after_step()
            if not self.is_over:
                self._commit_interrupted()
        except BaseException:
            self._warn_interrupted()
            self._stop_plugins()
            self.publisher.flush()
            raise
        self._stop_plugins()
        self._close()
        self.publisher.flush()
        self.session_data.drop_candidates()

    def slices(self) -> Iterator[SourceUpdate]:
        """Yield the source's updates in order: slices, and interim updates between two slices."""
        return self.source.slices()

    def process(self, update: SourceUpdate) -> None:
        """Process one update of the source, by its kind."""
        match update:
            case BarSlice():
                self.step(update)
            case InterimUpdate():
                self.process_interim(update)
            case DayComplete():
                self.complete_day(update)

    def prepare(self) -> None:
        """Set up the scanners and load the data that they and the configuration request."""
        session, scanners = self.session, tuple(self.scanner_manager.scanners)
        prepared = SessionPrepared(
            self.now, session.date, session.open, session.close, self.config_symbols, scanners
        )
        self._publish([prepared])
        for symbol in self.config_symbols:  # known to every setup(); loaded after the universes
            self.session_data.holders.add_member(symbol, CONFIG)
        self._publish(self.scanner_manager.setup_all())
        self._publish(self.provisioner.apply_requests(self.scanner_manager.requests()))
        self._publish(self.provisioner.provision_members(self.config_symbols, CONFIG))
        self.queue.update_priorities()
        self._commit("prepare", self.now)

    def add_symbol_mid_session(
        self,
        symbol: str,
        streams: Sequence[str] | None = None,
        load_historical: bool = True,
        historical_days: int | None = None,
        holder: str = SCRIPT,
    ) -> bool:
        """Add a symbol to the running session, between two slices, with all that a member has.

        Its history, its bars of this session so far and warm indicators are there at once: from the
        next slice on it equals a symbol that was there from the start. Live, they are loaded beside
        the stream, and the symbol joins with all of it as soon as they are there.

        Parameters
        ----------
        symbol
            The symbol to add.
        streams
            The intervals of its bars; None for the configuration's.
        load_historical, historical_days
            Whether bars of earlier sessions are loaded, and of how many; None for as many as other
            members have.
        holder
            The holder that keeps it.

        Returns
        -------
        bool
            False if it is a member already, the store has no bars of it or the session is over.

        Raises
        ------
        SpecError
            If a stream is no interval.
        """
        if self.session_data.holders.is_member(symbol) or self.queue.is_pending(symbol):
            return False
        intervals = None if streams is None else tuple(map(Interval.parse, streams))
        days = historical_days if load_historical else 0
        self.queue.submit(AdmitMembers(holder, (symbol,), intervals, days))
        self._publish(self.queue.collect())
        self._commit("between", self.now)
        return self.session_data.holders.is_member(symbol) or self.queue.is_pending(symbol)

    def run_scan(self, name: str) -> None:
        """Run a scanner between two slices, due or not, and admit the symbols it finds.

        Raises
        ------
        InputError
            If there is no such scanner, or it cannot scan now.
        """
        self._apply(self.scanner_manager.run_scan(name))
        self._commit("between", self.now)

    def apply_requests(self, requests: Sequence[Request]) -> None:
        """Apply the requests of a script, between two slices."""
        self.queue.submit(*requests)
        self._publish(self.queue.collect())
        self._commit("between", self.now)

    def finish(self, holders: Sequence[str] = ()) -> None:
        """End a session that a script runs, at its close or before; release the script's holders first."""
        if self.now < self.session.close:
            for holder in holders:
                self.queue.submit(ReleaseHolder(holder))
            self._publish(self.queue.collect())
        self._stop_plugins()
        self._close()
        self.publisher.flush()

    def step(self, bar_slice: BarSlice) -> None:
        """Process one slice: store bars, run due scans and strategies, load requested data, commit."""
        self.time_manager.update_market(bar_slice.at)
        self.time_manager.advance_to(bar_slice.end)
        self.processor.process(bar_slice)
        self._publish_source_events(bar_slice)
        self._collect()
        due = self.scanner_manager.is_due(bar_slice.end)
        if due:
            self._run_due(ScanPhase.PRE_SESSION, bar_slice)
        if bar_slice.end == self.session.open:
            self._activate()
        if due:
            self._run_due(ScanPhase.REGULAR, bar_slice)
        if self.strategies is not None:
            self._run_strategies(self.strategies)
        if due:
            self._apply(self.scanner_manager.teardown_finished())
        if bar_slice.is_recovered:
            self._apply(self.scanner_manager.finish())
        self._commit("slice", bar_slice.end)

    def process_interim(self, interim: InterimUpdate) -> None:
        """Apply late bars and finished background work between two slices; session time does not move."""
        self.time_manager.update_market(interim.at)
        self._publish(self.source.drain_events())
        if self.readiness is not None:
            self._publish(self.readiness.check_disconnected(self.time_manager.market_now))
        self._publish(self.processor.correct(interim.late, self.time_manager.market_now))
        self._collect()
        if self.strategies is not None and self.strategies.has_scans:
            self._run_strategies_on_scans(self.strategies)
        self._apply(self.scanner_manager.teardown_finished())
        self._commit("between", self.now)

    def complete_day(self, update: DayComplete) -> None:
        """Complete the day's own bar, and run the scans that wait for it; session time does not move."""
        self.time_manager.update_market(update.at)
        self._publish(self.source.drain_events())
        self._apply(self.scanner_manager.finish(self.closing_seconds))
        self._publish(self.queue.collect(waits=True))  # what is loaded later would be without today's bar
        self.day_completion.complete()
        self._apply(self.scanner_manager.run_due(ScanPhase.AT_CLOSE))
        self._apply(self.scanner_manager.finish(self.closing_seconds))
        self._apply(self.scanner_manager.teardown_at_close())
        self._is_day_complete = True
        self._commit("at_close", self.now)

    def _publish_source_events(self, bar_slice: BarSlice) -> None:
        """Publish the source's events, and changes of lag and readiness."""
        self._publish(self.source.drain_events())
        if bar_slice.lag or self.lag.paused is not None:
            self._publish(self.lag.update(bar_slice))
        if self.readiness is not None:
            self._publish(self.readiness.check(bar_slice.end))

    def _activate(self) -> None:
        if self.session_data.activate_session():
            self._publish([SessionActivated(self.now, self.session_data.holders.members())])

    def _run_due(self, phase: ScanPhase, bar_slice: BarSlice) -> None:
        self._apply(self.scanner_manager.run_due(phase, self.lag.paused))
        if bar_slice.is_recovered:  # processed as if it had come in time: no later slice is due yet
            self._apply(self.scanner_manager.finish())
            self._publish(self.queue.collect(waits=True))
        elif phase is ScanPhase.PRE_SESSION and bar_slice.end == self.session.open:
            # The first scan of the session is due at the same instant, and would find its scanner busy.
            self._apply(self.scanner_manager.finish(_OPENING_SECONDS))

    def _collect(self) -> None:
        """Apply results of background scans and finished loads; mostly there are none."""
        if self.scanner_manager.is_busy:
            self._apply(self.scanner_manager.collect())
        if self.queue.is_waiting:
            self._publish(self.queue.collect())

    def _apply(self, results: Iterable[Event]) -> None:
        """Publish results as they come, then apply the scanners' requests and admit their hits."""
        scans: list[ScanFinished] = []
        done: list[ScannerDone] = []
        for result in results:
            self._publish([result])
            if isinstance(result, ScanFinished):
                scans.append(result)
            elif isinstance(result, ScannerDone):
                done.append(result)
        if scans:
            if self.lag.paused is not None:
                self.lag.count_skipped(scans)
            self._apply_scanner_requests()
            for scan in scans:
                self._admit_hits(scan)
            self._publish(self.queue.collect())
        self._release_candidates(done)

    def _admit_hits(self, scan: ScanFinished) -> None:
        """Make the hits of a scan members; a scan at the close admits none."""
        if not scan.hits.symbols or max(scan.at, self.now) >= self.session.close:
            return
        holder = scanner_holder(scan.scanner)
        if self.provisioner.needs_of(holder) is not None:
            self.queue.admit(holder, scan.hits.symbols)

    def _run_strategies(self, strategies: AnalysisEngine) -> None:
        """Call strategies twice: data requested upon events is loaded before ``on_slice``."""
        for handle in (strategies.on_bars, strategies.on_slice):
            self._publish(handle())
            self.queue.submit(*strategies.requests())
            self._publish(self.queue.collect())

    def _run_strategies_on_scans(self, strategies: AnalysisEngine) -> None:
        """Let strategies decide upon scans that ended beside the stream, once nothing is being loaded.

        They read the session as it was at the scan, as in a backtest: at the next slice they would know the
        bars they are filled in.
        """
        for handle in (strategies.on_members, strategies.on_scans):
            if self.queue.is_waiting:
                return
            self._publish(handle())
            self.queue.submit(*strategies.requests())
            self._publish(self.queue.collect())

    def _apply_scanner_requests(self) -> None:
        self.queue.submit(*self.scanner_manager.requests())
        self._publish(self.queue.collect())

    def _release_candidates(self, done: Sequence[ScannerDone]) -> None:
        """Release the candidates of scanners that are done; at the close all data is dropped anyway."""
        if not done or self.now >= self.session.close:
            return
        self._apply_scanner_requests()
        for event in done:
            self.queue.submit(ReleaseHolder(scanner_holder(event.scanner)))
            self._publish(self.queue.collect())

    def _commit_interrupted(self) -> None:
        """Commit scans that end in time although the session was stopped, so that none is repeated."""
        self._apply(self.scanner_manager.finish(self.closing_seconds))
        self._commit("between", self.now)
        self._warn_interrupted()

    def _warn_interrupted(self) -> None:
        """Say whose scans the end of the session was too early for; not stored, since it may be resumed."""
        if not self._is_day_complete and (names := self.scanner_manager.scans_at_close):
            which = " and ".join(f"'{name}'" for name in names)
            why = "the session was broken off before the day was complete"
            self._publish([Warned(self.now, f"{why}: {which} did not scan at the close")])

    def _stop_plugins(self) -> None:
        """Tear down scanners and end strategies; at the close, results that come in time still count."""
        self._publish(self.scanner_manager.teardown_all(self.closing_seconds, self.is_over))
        if self.strategies is not None:
            self._publish(self.strategies.end())

    def _close(self) -> None:
        """Publish the close; a session stopped before it is not closed, since it may be resumed."""
        if not self.is_over:
            return
        self._publish(self.queue.refuse_pending())
        members = self.session_data.holders.members()
        self._publish([SessionClosed(self.now, self.session.date, members)])
        self._commit("close", self.now)

    def _commit(self, kind: str, end: Instant) -> None:
        """Store and publish the step, with a warning for each of the user's indicators that failed in it."""
        for key, error in self.session_data.indicators.drain_failures():
            since = f"failed and is unknown from {self.session.local(self.now):%H:%M} on"
            self._publish([Warned(self.now, f"indicator '{key}' {since}: {error}")])
        self.publisher.commit(kind, end)

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self.publisher.add(event)
            if self.strategies is not None:
                self.strategies.record_event(event)
