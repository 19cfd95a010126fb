"""The session coordinator: one session, open to close, the same for a backtest and live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

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
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning import MemberNeeds, Provisioning
from symscan.scanners.manager import ScannerManager
from symscan.session.holders import CONFIG, scanner_holder
from symscan.session.session_data import SessionData
from symscan.sources.base import BarSource


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session is put together from.

    Attributes
    ----------
    config_symbols
        The symbols the configuration names, those the store lacks left out.
    scanner_needs
        What the symbols a scanner finds are given; a scanner that is not named here brings none in.
    """

    session: Session
    time_manager: TimeManager
    session_data: SessionData
    processor: DataProcessor
    scanner_manager: ScannerManager
    provisioning: Provisioning
    source: BarSource
    config_symbols: tuple[str, ...] = ()
    scanner_needs: dict[str, MemberNeeds] = field(default_factory=dict)
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
        self._config_symbols = parts.config_symbols
        self._scanner_needs = parts.scanner_needs
        self._observers = parts.observers

    @property
    def now(self) -> Instant:
        """The instant of the last slice."""
        return self._time.now

    def run(self, after_step: Callable[[], None] | None = None) -> None:
        """The whole session; scanners are torn down whatever happens.

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
            self._finish(self.scanner_manager.teardown_all())
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
        self._publish(self.scanner_manager.setup_all())
        self._exchange()
        self._publish(self._provisioning.admit(self._config_symbols, CONFIG))

    def step(self, bar_slice: BarSlice) -> None:
        """Carry one slice through the session."""
        self._time.advance_to(bar_slice.end)
        self._processor.process(bar_slice)
        self._run_due(ScanPhase.PRE_SESSION)
        if bar_slice.end == self.session.open:
            self._activate()
        self._run_due(ScanPhase.REGULAR)
        self._finish(self.scanner_manager.teardown_finished())

    def _activate(self) -> None:
        if self.session_data.activate_session():
            self._publish([SessionActivated(self.now, self.session_data.holders.members())])

    def _run_due(self, phase: ScanPhase) -> None:
        scans = self.scanner_manager.run_due(phase)
        if scans:
            self._publish(scans)
            self._exchange()
            for scan in scans:
                self._admit(scan)

    def _admit(self, scan: ScanFinished) -> None:
        """Bring in what a scan found; a scan at the close admits nobody."""
        needs = self._scanner_needs.get(scan.scanner)
        if needs is None or scan.at >= self.session.close:
            return
        holders = self.session_data.holders
        found = [symbol for symbol in scan.hits.symbols if not holders.is_member(symbol)]
        self._publish(self._provisioning.admit(found, scanner_holder(scan.scanner), needs))

    def _exchange(self) -> None:
        self._publish(self._provisioning.exchange(self.scanner_manager.requests()))

    def _finish(self, done: Sequence[Event]) -> None:
        """Let go of the candidates of scanners that are done; at the close everything goes anyway."""
        self._publish(done)
        for event in done:
            if isinstance(event, ScannerDone) and self.now < self.session.close:
                self._publish(self._provisioning.release(scanner_holder(event.scanner)))

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            for observer in self._observers:
                observer.observe(self.session, event)
