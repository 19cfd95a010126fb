"""The session coordinator: one session, open to close, the same for a backtest and live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice
from symscan.model.events import (
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
from symscan.observers.base import Observer
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning import Provisioning
from symscan.scanners.manager import ScannerManager
from symscan.session.holders import ADHOC, CONFIG, scanner_holder
from symscan.session.session_data import SessionData
from symscan.sources.base import BarSource

if TYPE_CHECKING:
    from symscan.analysis.engine import AnalysisEngine


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session is put together from.

    Attributes
    ----------
    analysis
        Runs the strategies; None where there are none.
    config_symbols
        The symbols the configuration names, those the store lacks left out.
    """

    session: Session
    time_manager: TimeManager
    session_data: SessionData
    processor: DataProcessor
    scanner_manager: ScannerManager
    provisioning: Provisioning
    source: BarSource
    analysis: AnalysisEngine | None = None
    config_symbols: tuple[str, ...] = ()
    observers: Sequence[Observer] = ()


class SessionCoordinator:
    """Carries slices through a session; between slices it carries out what plug-ins asked for."""

    def __init__(self, parts: SessionParts) -> None:
        self.session = parts.session
        self.session_data = parts.session_data
        self.scanner_manager = parts.scanner_manager
        self._time = parts.time_manager
        self._processor = parts.processor
        self._provisioning = parts.provisioning
        self._source = parts.source
        self._analysis = parts.analysis
        self._config_symbols = parts.config_symbols
        self._observers = parts.observers

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
            for bar_slice in self.slices():
                self.step(bar_slice)
                if after_step is not None:
                    after_step()
        finally:
            self._publish(self.scanner_manager.teardown_all())
            if self._analysis is not None:
                self._publish(self._analysis.end())
        self._publish([SessionClosed(self.now, self.session.date, self.session_data.holders.members())])

    def slices(self) -> Iterator[BarSlice]:
        """The session's slices in order, each for one :meth:`step`."""
        return self._source.slices()

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
        self._exchange()
        self._publish(self._provisioning.equip(self._config_symbols, CONFIG))

    def add_symbol_mid_session(
        self,
        symbol: str,
        streams: Sequence[str] | None = None,
        load_historical: bool = True,
        historical_days: int | None = None,
        holder: str = ADHOC,
    ) -> bool:
        """Bring a symbol into the running session, between two slices, with all that a member has.

        Its history, its bars of this session so far and warm indicators are there at once: from the
        next slice on it equals a symbol that was there from the start.

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
        if self.session_data.holders.is_member(symbol):
            return False
        needs = self._provisioning.member_needs(
            None if streams is None else tuple(map(Interval.parse, streams)),
            historical_days if load_historical else 0,
        )
        self._publish(self._provisioning.admit([symbol], holder, needs))
        return self.session_data.holders.is_member(symbol)

    def step(self, bar_slice: BarSlice) -> None:
        """Carry one slice through the session."""
        self._time.advance_to(bar_slice.end)
        self._processor.process(bar_slice)
        due = self.scanner_manager.is_due(bar_slice.end)
        if due:
            self._run_due(ScanPhase.PRE_SESSION)
        if bar_slice.end == self.session.open:
            self._activate()
        if due:
            self._run_due(ScanPhase.REGULAR)
        if self._analysis is not None:
            self._analyse(self._analysis)
        if due:
            self._finish(self.scanner_manager.teardown_finished())

    def _activate(self) -> None:
        if self.session_data.activate_session():
            self._publish([SessionActivated(self.now, self.session_data.holders.members())])

    def _run_due(self, phase: ScanPhase) -> None:
        scans: list[ScanFinished] = []
        for scan in self.scanner_manager.run_due(phase):
            self._publish([scan])
            scans.append(scan)
        if scans:
            self._exchange()
            for scan in scans:
                self._admit(scan)

    def _admit(self, scan: ScanFinished) -> None:
        """Bring in what a scan found; a scan at the close admits nobody."""
        holder = scanner_holder(scan.scanner)
        if scan.at >= self.session.close or self._provisioning.needs_of(holder) is None:
            return
        holders = self.session_data.holders
        found = [symbol for symbol in scan.hits.symbols if not holders.is_member(symbol)]
        self._publish(self._provisioning.admit(found, holder))

    def _analyse(self, analysis: AnalysisEngine) -> None:
        """What strategies ask for upon news is there when they decide upon the slice."""
        for report in (analysis.on_bars, analysis.on_slice):
            self._publish(report())
            self._publish(self._provisioning.exchange(analysis.requests()))

    def _exchange(self) -> None:
        self._publish(self._provisioning.exchange(self.scanner_manager.requests()))

    def _finish(self, done: Sequence[Event]) -> None:
        """Let go of the candidates of scanners that are done; at the close everything goes anyway."""
        if not done:
            return
        self._publish(done)
        if self.now < self.session.close:
            self._exchange()
        for event in done:
            if isinstance(event, ScannerDone) and self.now < self.session.close:
                self._publish(self._provisioning.release(scanner_holder(event.scanner)))

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            for observer in self._observers:
                observer.observe(self.session, event)
            if self._analysis is not None:
                self._analysis.note(event)
