"""A session for tests: wired by the program's own builder, over a market in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.builders import Day, Recorder, Weekdays, make_session, weekdays_before
from support.markets import MemoryMarket
from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.config.model import Mode, ScannerConfig
from symscan.model.instant import MINUTE
from symscan.model.interval import ONE_MINUTE
from symscan.model.session import Session
from symscan.runtime.building.build import SessionPorts, build
from symscan.runtime.provisioning.loading import DataLoader
from symscan.runtime.provisioning.provisioner import MemberNeeds, Provisioner
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.execution.inline import Execution, InlineExecution
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.running.manager import ScannerManager
from symscan.session.session_data import SessionData
from symscan.sources.ports import HistorySource
from symscan.strategies.base import BaseStrategy
from symscan.strategies.engine import AnalysisEngine
from symscan.strategies.runner import StrategyRunner

SESSION = make_session(minutes=10)
EARLIER = weekdays_before(SESSION, 40)


def rising(first: float, minutes: int = 10) -> Day:
    """A bar a minute, each a dollar higher."""
    return {minute: first + minute for minute in range(minutes)}


TODAY: Mapping[str, Day] = {
    "A": {-2: 9.0, **rising(10)},
    "B": {0: 50.0, 7: 51.0},
    "C": {},
}
BEFORE = {day.date: {"A": rising(100 - 10 * age), "B": {3: 40.0}} for age, day in enumerate(EARLIER[::-1])}


BARS_ALONE = MemberNeeds((ONE_MINUTE,), 0)


@dataclass(frozen=True)
class SessionSetup:
    """What a session is built from beside its ports; it stands for a checked configuration.

    Attributes
    ----------
    symbols
        The symbols the configuration names.
    member_needs, holder_needs
        The data of a member; by holder where it differs.
    running
        Strategies by their names.
    """

    session: Session
    mode: Mode = "backtest"
    symbols: tuple[str, ...] = ()
    member_needs: MemberNeeds = BARS_ALONE
    holder_needs: Mapping[str, MemberNeeds | None] = field(default_factory=dict)
    running: Mapping[str, BaseStrategy] = field(default_factory=dict)

    @property
    def config(self) -> SessionSetup:
        return self

    @property
    def strategies(self) -> SessionSetup:
        return self

    @property
    def scanners(self) -> SessionSetup:
        return self

    @property
    def enabled(self) -> tuple[ScannerConfig, ...]:
        return ()  # no universe is narrowed

    @property
    def calendar(self) -> Weekdays:
        return Weekdays(self.session)

    def needs(self) -> MemberNeeds:
        return self.member_needs

    def needs_by_holder(self) -> Mapping[str, MemberNeeds | None]:
        return self.holder_needs

    def engine(
        self, data: SessionData, time: TimeManager, scanners: Sequence[ManagedScanner]
    ) -> AnalysisEngine | None:
        runners = [StrategyRunner(name, one, data, time, self.mode) for name, one in self.running.items()]
        by_name = {one.name: one.scanner for one in scanners}
        return (
            AnalysisEngine(runners, data, time, lambda name: by_name[name].rests_on_daily_bars)
            if runners
            else None
        )


@dataclass(frozen=True)
class UnknownOutsiders:
    """Leaves what a scan finds outside its universe unknown until it is loaded."""

    history: HistorySource

    def stored(self) -> Collection[str]:
        return self.history.symbols()

    def session_with(self, data: SessionData, symbols: Sequence[str]) -> SessionData:  # noqa: ARG002
        return data.empty_copy()


class SessionHarness:
    """A session that the program's own builder wired, open to a test's look.

    Parameters
    ----------
    setup, scanners, ports
        What it is built from.
    """

    def __init__(self, setup: SessionSetup, scanners: Sequence[ManagedScanner], ports: SessionPorts) -> None:
        self.coordinator = build(setup, setup.session, scanners, ports)  # type: ignore[arg-type]

    @property
    def data(self) -> SessionData:
        return self.coordinator.session_data

    @property
    def time(self) -> TimeManager:
        return self.coordinator.time_manager

    @property
    def manager(self) -> ScannerManager:
        return self.coordinator.scanner_manager

    @property
    def provisioning(self) -> Provisioner:
        return self.coordinator.provisioner

    def until(self, minute: int) -> None:
        """Prepare, and play up to a minute of the session."""
        self.coordinator.prepare()
        for bar_slice in self.coordinator.slices():
            self.coordinator.step(bar_slice)
            if bar_slice.end == self.coordinator.session.open + minute * MINUTE:
                return


class MemorySession(SessionHarness):
    """A session over a market in memory, and what it told."""

    def __init__(
        self,
        scanners: Sequence[ManagedScanner] = (),
        config_symbols: tuple[str, ...] = (),
        needs: MemberNeeds | None = None,
        loading: DataLoader | None = None,
        execution: Execution | None = None,
        stopwatch: Callable[[], Stopwatch] = Stopwatch,
        **market: Any,
    ) -> None:
        self.market = MemoryMarket(SESSION, **{"today": TODAY, "earlier": BEFORE, **market})
        self.told = Recorder()
        super().__init__(
            SessionSetup(
                SESSION, symbols=config_symbols, member_needs=needs or MemberNeeds((ONE_MINUTE,), 0)
            ),
            scanners,
            SessionPorts(
                self.market,
                self.market,
                EventPublisher(SESSION, (self.told,)),
                loading,
                execution or InlineExecution(),
                stopwatch=stopwatch,
            ),
        )
