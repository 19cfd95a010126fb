"""A whole session over a market in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from support.builders import Day, MemoryMarket, Recorder, Weekdays, make_session, weekdays_before
from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning.loading import DataLoader
from symscan.runtime.provisioning.provisioner import MemberNeeds, Provisioner
from symscan.runtime.provisioning.queue import ProvisioningQueue
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.execution.inline import Execution
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.scanners.running.manager import ScannerManager
from symscan.session.session_data import SessionData

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


class Played:
    """A session, its parts and what it told."""

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
        market = {"today": TODAY, "earlier": BEFORE, **market}
        self.market = MemoryMarket(SESSION, **market)
        self.data = SessionData(SESSION)
        self.time = TimeManager(SESSION)
        self.told = Recorder()
        warming = IndicatorWarmup(self.data, self.market, Weekdays(SESSION))  # type: ignore[arg-type]
        needs = needs or MemberNeeds((ONE_MINUTE,), 0)
        self.provisioning = Provisioner(self.data, self.market, self.market, warming, needs)
        self.manager = ScannerManager(
            scanners, self.data, self.time, execution=execution, stopwatch=stopwatch
        )
        self.coordinator = SessionCoordinator(
            SESSION,
            self.time,
            self.data,
            DataProcessor(self.data),
            self.manager,
            self.provisioning,
            ProvisioningQueue(self.data, self.provisioning, self.market, loading),
            self.market,
            EventPublisher(SESSION, (self.told,)),
            config_symbols=config_symbols,
        )

    def until(self, minute: int) -> None:
        """Prepare, and play up to a minute of the session."""
        self.coordinator.prepare()
        for bar_slice in self.coordinator.slices():
            self.coordinator.step(bar_slice)
            if bar_slice.end == SESSION.open + minute * 60_000_000:
                return
