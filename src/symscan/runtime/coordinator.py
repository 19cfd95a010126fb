"""The session coordinator: one session, open to close, the same for a backtest and live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice, InterimUpdate, SourceUpdate
from symscan.model.events.session import (
    Event,
    ScanFinished,
    ScannerDone,
    ScanPhase,
    SessionActivated,
    SessionClosed,
    SessionPrepared,
)
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.runtime.lag import LagMonitor
from symscan.runtime.market_clock import MarketClock
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning.provisioner import Provisioner
from symscan.runtime.provisioning.queue import Admission, ProvisioningQueue, Release, RequestBatch
from symscan.runtime.publisher import EventPublisher
from symscan.runtime.readiness import ReadinessMonitor
from symscan.scanners.running.manager import ScannerManager
from symscan.session.holders import CONFIG, SCRIPT, scanner_holder
from symscan.session.requests import Request
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource

if TYPE_CHECKING:
    from symscan.strategies.engine import AnalysisEngine

_OPENING_SECONDS: Final = 0.25
"""How long the last scans before the open are waited for, once a session."""


class SessionCoordinator:
    """Carries slices through a session; between slices it carries out what plug-ins asked for."""

    def __init__(self, parts: SessionParts) -> None:
        self.session = parts.session
        self.session_data = parts.session_data
        self.scanner_manager = parts.scanner_manager
        self._time = parts.time_manager
        self._processor = parts.processor
        self._provisioning = parts.provisioning
        self._orders = parts.orders
        self._source = parts.source
        self._analysis = parts.analysis
        self._config_symbols = parts.config_symbols
        self._publisher = parts.teller
        self._clock = parts.clock
        self._lag = parts.lag
        self._readiness = parts.readiness
        self._closing_seconds = parts.closing_seconds

    @property
    def time_manager(self) -> TimeManager:
        """The session's clock."""
        return self._time

    @property
    def now(self) -> Instant:
        """The instant of the last slice."""
        return self._time.now

    def run(self, after_step: Callable[[], None] | None = None) -> None:
        """The whole session; scanners are torn down and strategies ended whatever happens.

        Parameters
        ----------
        after_step
            Called when a slice is done with, for whoever shows progress.
        """
        try:
            self.prepare()
            for moment in self.slices():
                self.carry(moment)
                if after_step is not None:
                    after_step()
            if self.now < self.session.close:
                self._break_off()
        except BaseException:
            self._end()
            self._publisher.flush()
            raise
        self._end()
        self._close()
        self._publisher.flush()

    def slices(self) -> Iterator[SourceUpdate]:
        """The session's slices in order, each for one :meth:`step`, and moments between."""
        return self._source.slices()

    def carry(self, moment: SourceUpdate) -> None:
        """Carry out what the source gave."""
        if isinstance(moment, BarSlice):
            self.step(moment)
        else:
            self.settle(moment)

    def prepare(self) -> None:
        """Set up the scanners and load what they and the configuration ask for."""
        session, scanners = self.session, tuple(self.scanner_manager.scanners)
        prepared = SessionPrepared(
            self.now, session.date, session.open, session.close, self._config_symbols, scanners
        )
        self._publish([prepared])
        for symbol in self._config_symbols:  # known to every setup(); loaded after the universes
            self.session_data.holders.add_member(symbol, CONFIG)
        self._publish(self.scanner_manager.setup_all())
        self._publish(self._provisioning.exchange(self.scanner_manager.requests()))
        self._publish(self._provisioning.provision_members(self._config_symbols, CONFIG))
        self._orders.prefer()
        self._publisher.commit("prepare", self.now)

    def add_symbol_mid_session(
        self,
        symbol: str,
        streams: Sequence[str] | None = None,
        load_historical: bool = True,
        historical_days: int | None = None,
        holder: str = SCRIPT,
    ) -> bool:
        """Bring a symbol into the running session, between two slices, with all that a member has.

        Its history, its bars of this session so far and warm indicators are there at once: from the
        next slice on it equals a symbol that was there from the start. Live, they are loaded beside
        the stream, and the symbol joins with all of it as soon as they are there.

        Parameters
        ----------
        symbol
            What to bring in.
        streams
            The intervals of its bars; None for the configuration's.
        load_historical, historical_days
            Whether bars of earlier sessions are loaded, and of how many; None for as many as other
            members have.
        holder
            Who keeps it.

        Returns
        -------
        bool
            False if it is a member already, the store has no bars of it or the session is over.

        Raises
        ------
        SpecError
            If a stream is no interval.
        """
        if self.session_data.holders.is_member(symbol) or self._orders.is_coming(symbol):
            return False
        needs = self._provisioning.member_needs(
            None if streams is None else tuple(map(Interval.parse, streams)),
            historical_days if load_historical else 0,
        )
        self._orders.submit(Admission((symbol,), holder, needs))
        self._publish(self._orders.collect())
        self._publisher.commit("between", self.now)
        return self.session_data.holders.is_member(symbol) or self._orders.is_coming(symbol)

    def run_scan(self, name: str) -> None:
        """Let a scanner scan between two slices, due or not, and take in what it finds.

        Raises
        ------
        InputError
            If there is no such scanner, or it cannot scan now.
        """
        self._apply(self.scanner_manager.run_scan(name))
        self._publisher.commit("between", self.now)

    def carry_out(self, requests: Sequence[Request]) -> None:
        """Carry out what a script requested, between two slices."""
        self._orders.submit(RequestBatch(tuple(requests)))
        self._publish(self._orders.collect())
        self._publisher.commit("between", self.now)

    def finish(self, holders: Sequence[str] = ()) -> None:
        """End a session that is played by hand, at its close or before, with holders beside its plug-ins."""
        if self.now < self.session.close:
            for holder in holders:
                self._orders.submit(Release(holder))
            self._publish(self._orders.collect())
        self._end()
        self._close()
        self._publisher.flush()

    def step(self, bar_slice: BarSlice) -> None:
        """Carry one slice through the session."""
        self._clock.hear(bar_slice)
        self._time.advance_to(bar_slice.end)
        self._processor.process(bar_slice)
        self._hear(bar_slice)
        self._collect()
        due = self.scanner_manager.is_due(bar_slice.end)
        if due:
            self._run_due(ScanPhase.PRE_SESSION, bar_slice)
        if bar_slice.end == self.session.open:
            self._activate()
        if due:
            self._run_due(ScanPhase.REGULAR, bar_slice)
        if self._analysis is not None:
            self._analyse(self._analysis)
        if due:
            self._apply(self.scanner_manager.teardown_finished())
        if bar_slice.is_recovered:
            self._apply(self.scanner_manager.finish())
        self._publisher.commit("slice", bar_slice.end)

    def settle(self, between: InterimUpdate) -> None:
        """Put late bars right, and apply what ran beside the stream and is done; time stands still."""
        self._clock.hear(between)
        self._publish(self._source.drain_events())
        if self._readiness is not None:
            self._publish(self._readiness.check_disconnected(self._clock.now()))
        self._publish(self._processor.correct(between.late, self._clock.now()))
        self._collect()
        self._apply(self.scanner_manager.teardown_finished())
        self._publisher.commit("between", self.now)

    def _hear(self, bar_slice: BarSlice) -> None:
        """What the source, the clock and the hour have to say."""
        self._publish(self._source.drain_events())
        if bar_slice.lag or self._lag.paused is not None:
            self._publish(self._lag.look(bar_slice))
        if self._readiness is not None:
            self._publish(self._readiness.look(bar_slice.end))

    def _activate(self) -> None:
        if self.session_data.activate_session():
            self._publish([SessionActivated(self.now, self.session_data.holders.members())])

    def _run_due(self, phase: ScanPhase, bar_slice: BarSlice) -> None:
        self._apply(self.scanner_manager.run_due(phase, self._lag.paused))
        if bar_slice.is_recovered:  # it is made up for, as if it had come in time: nobody waits for the next
            self._apply(self.scanner_manager.finish())
            self._publish(self._orders.collect(waits=True))
        elif phase is ScanPhase.PRE_SESSION and bar_slice.end == self.session.open:
            # The first scan of the session is due at the same instant, and would find its scanner busy.
            self._apply(self.scanner_manager.finish(_OPENING_SECONDS))

    def _collect(self) -> None:
        """Apply what ran beside the stream and is done, and bring in what is loaded; mostly nothing is."""
        if self.scanner_manager.is_busy:
            self._apply(self.scanner_manager.collect())
        if self._orders.is_waiting:
            self._publish(self._orders.collect())

    def _apply(self, results: Iterable[Event]) -> None:
        """Tell of results as they come, then carry out what the scanners asked for and found."""
        scans: list[ScanFinished] = []
        done: list[ScannerDone] = []
        for result in results:
            self._publish([result])
            if isinstance(result, ScanFinished):
                scans.append(result)
            elif isinstance(result, ScannerDone):
                done.append(result)
        if scans:
            self._lag.note(scans)
            self._exchange()
            for scan in scans:
                self._admit(scan)
            self._publish(self._orders.collect())
        self._let_go(done)

    def _admit(self, scan: ScanFinished) -> None:
        """Bring in what a scan found; a scan at the close admits nobody."""
        holder = scanner_holder(scan.scanner)
        close = self.session.close
        if scan.at >= close or self.now >= close or self._provisioning.needs_of(holder) is None:
            return
        coming = [symbol for symbol in scan.hits.symbols if not self._orders.is_coming(symbol)]
        self._orders.submit(Admission(tuple(coming), holder))

    def _analyse(self, analysis: AnalysisEngine) -> None:
        """What strategies ask for upon news is there when they decide upon the slice."""
        for report in (analysis.on_bars, analysis.on_slice):
            self._publish(report())
            self._orders.submit(RequestBatch(tuple(analysis.requests())))
            self._publish(self._orders.collect())

    def _exchange(self) -> None:
        self._orders.submit(RequestBatch(tuple(self.scanner_manager.requests())))
        self._publish(self._orders.collect())

    def _let_go(self, done: Sequence[ScannerDone]) -> None:
        """Let go of the candidates of scanners that are done; at the close everything goes anyway."""
        if not done or self.now >= self.session.close:
            return
        self._exchange()
        for event in done:
            self._orders.submit(Release(scanner_holder(event.scanner)))
            self._publish(self._orders.collect())

    def _break_off(self) -> None:
        """The session was stopped: what still comes in time is stored, so that no scan is done again."""
        self._apply(self.scanner_manager.finish(self._closing_seconds))
        self._publisher.commit("between", self.now)

    def _end(self) -> None:
        """Whatever ended the session: at the close results that come in time still count; all are let go."""
        waits_for_scans = self.now >= self.session.close
        self._publish(self.scanner_manager.teardown_all(self._closing_seconds, waits_for_scans))
        if self._analysis is not None:
            self._publish(self._analysis.end())

    def _close(self) -> None:
        """The last slice is done with; a session that was stopped before is not closed: it may be resumed."""
        if self.now < self.session.close:
            return
        self._publish(self._orders.give_up())
        members = self.session_data.holders.members()
        self._publish([SessionClosed(self.now, self.session.date, members)])
        self._publisher.commit("close", self.now)

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self._publisher.note(event)
            if self._analysis is not None:
                self._analysis.note(event)


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session is put together from.

    Attributes
    ----------
    orders
        Carries out what plug-ins asked for; ``provisioning`` does it at once, before the stream.
    analysis
        Runs the strategies; None where there are none.
    config_symbols
        The symbols the configuration names, those the store lacks left out.
    lag
        Watches whether the session keeps up with its source.
    teller
        Stores and tells what happened.
    clock
        The market's, as the moments tell it.
    readiness
        Tells shortly before the open what the session has; None tells nothing.
    closing_seconds
        How long, at the end, scans that still run are waited for.
    """

    session: Session
    time_manager: TimeManager
    session_data: SessionData
    processor: DataProcessor
    scanner_manager: ScannerManager
    provisioning: Provisioner
    orders: ProvisioningQueue
    source: BarSource
    teller: EventPublisher
    clock: MarketClock
    analysis: AnalysisEngine | None = None
    config_symbols: tuple[str, ...] = ()
    lag: LagMonitor = field(default_factory=LagMonitor)
    readiness: ReadinessMonitor | None = None
    closing_seconds: float = 0.0
