"""Whole sessions with scans beside the stream: the same hits, whatever a neighbour does."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.builders import MINUTE, FunctionScanner
from support.harness import SESSION, MemorySession
from support.waiting import LIMIT
from symscan.clock.wall_clock import Stopwatch
from symscan.model.bar import BarSlice, InterimUpdate
from symscan.model.event_json import record_of
from symscan.model.events.session import Outcome, ScanFinished, ScannerDone, SymbolLocked
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.execution.inline import Execution
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.session.holders import scanner_holder

LONG = LIMIT
SHORT = 0.05
"""What a scan is given that hangs; set when it is set up, which may take longer on a slow machine."""
MINUTES = tuple(SESSION.open + minute * MINUTE for minute in range(1, 9))
OnScan = Callable[[ScanContext], Any]


def _managed(name: str, scanner: FunctionScanner, **more: Any) -> ManagedScanner:
    return ManagedScanner(name, scanner, DueTimes((SESSION.open,), MINUTES), **more)


def _rising() -> ManagedScanner:
    """Finds what rose over its mean, and asks for more as it goes."""

    def on_setup(context: ScanContext) -> bool:
        return context.session_data.add_indicator(["A", "B"], "sma_2_1m")

    def on_scan(context: ScanContext) -> ScanResult:
        view = context.session_data
        means, prices = view.column("sma_2_1m"), view.column("close")
        found = [one for one, mean, price in zip(view.symbols, means, prices, strict=True) if price > mean]
        if context.current_time.minute == 33:
            view.add_indicator("A", "ema_3_1m")
            view.add_symbol("B")
            view.lock_symbol("B", "held")
        return ScanResult(found, {one: {"mean": float(means[0])} for one in found})

    return _managed("rising", FunctionScanner(["A", "B"], on_scan, on_setup))


def _traded() -> ManagedScanner:
    def on_scan(context: ScanContext) -> ScanResult:
        view = context.session_data
        return ScanResult([one for one in view.symbols if view.get_bars(one, "1m", 2)])

    return _managed("traded", FunctionScanner(["C", "B", "A"], on_scan))


class Live:
    """Sessions whose scans run beside them; whatever hangs is let go at the end."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._woken = threading.Event()

    def execution(self, **more: Any) -> ThreadedExecution:
        return ThreadedExecution(self._woken.set, **more)

    def play(
        self,
        scanners: list[ManagedScanner],
        execution: Execution | None,
        hanging: ManagedScanner | None = None,
        **more: Any,
    ) -> MemorySession:
        """A whole session; after every slice it settles until all scans are told of."""
        played = MemorySession(scanners, execution=execution, **more)
        coordinator, manager = played.coordinator, played.manager
        coordinator.prepare()
        if hanging is not None:
            hanging.timeout_seconds = SHORT
        for moment in coordinator.slices():
            assert isinstance(moment, BarSlice)
            coordinator.step(moment)
            while manager.is_running:
                assert self._woken.wait(LONG)
                self._woken.clear()
                coordinator.process_interim(InterimUpdate())
        for event in manager.teardown_all(0.0):
            played.told.observe(SESSION, event)
        return played


@pytest.fixture
def live() -> Iterator[Live]:
    live = Live()
    yield live
    live.stop.set()


def _scans(played: MemorySession, scanner: str) -> list[dict[str, Any]]:
    """What was told of a scanner's scans; who brought in which symbol depends on who was first."""
    return [record_of(SESSION, scan) for scan in played.told.of(ScanFinished) if scan.scanner == scanner]


def test_with_patience_a_session_is_the_backtest_to_the_byte(live: Live) -> None:
    backtest = live.play([_rising(), _traded()], None)
    beside = live.play([_rising(), _traded()], live.execution(waits_for_session=True))
    assert [record_of(SESSION, one) for one in beside.told.events] == [
        record_of(SESSION, one) for one in backtest.told.events
    ]
    assert any(scan.hits.symbols for scan in backtest.told.of(ScanFinished))
    assert beside.data.holders.members() == backtest.data.holders.members()
    assert [(one.symbol, one.reason) for one in beside.told.of(SymbolLocked)] == [("B", "held")]


def test_without_patience_every_scan_finds_the_same(live: Live) -> None:
    backtest = live.play([_rising(), _traded()], None)
    beside = live.play([_rising(), _traded()], live.execution())
    for name in ("rising", "traded"):
        assert _scans(beside, name) == _scans(backtest, name)


def test_the_last_scan_before_the_open_and_the_first_one_after_it_do_not_meet(live: Live) -> None:
    def twice() -> list[ManagedScanner]:
        due = DueTimes((SESSION.open,), (SESSION.open, *MINUTES))
        return [ManagedScanner("twice", FunctionScanner(["A"], lambda _: ScanResult(["A"])), due)]

    # No time passes while it is waited for before the open.
    beside = live.play(twice(), live.execution(), stopwatch=lambda: Stopwatch(lambda: 0.0))
    assert _scans(beside, "twice") == _scans(live.play(twice(), None), "twice")
    assert {scan.outcome for scan in beside.told.of(ScanFinished)} == {Outcome.OK}


def test_a_scan_that_hangs_before_the_open_holds_nobody_up(live: Live) -> None:
    hanging = FunctionScanner(["A"], _hangs(live))
    stuck = ManagedScanner("stuck", hanging, DueTimes((SESSION.open,), (SESSION.open,)))
    beside = live.play([stuck, _traded()], live.execution(), stuck)
    assert _scans(beside, "traded") == _scans(live.play([_traded()], None), "traded")


def _spins(live: Live) -> OnScan:
    def on_scan(_: ScanContext) -> ScanResult:
        while not live.stop.is_set():
            pass
        return ScanResult(["A"])

    return on_scan


def _hangs(live: Live) -> OnScan:
    def on_scan(context: ScanContext) -> ScanResult:
        context.session_data.remove_symbol("A")
        live.stop.wait(LONG)
        return ScanResult(["A", "B"])

    return on_scan


def _raises(_live: Live) -> OnScan:
    return lambda _: 1 / 0


def _exits(_live: Live) -> OnScan:
    return lambda _: sys.exit(1)


def _meddles(_: Live) -> OnScan:
    def on_scan(context: ScanContext) -> ScanResult:
        sys.setswitchinterval(0.3)
        context.session_data.column("close").setflags(write=True)
        context.session_data.column("close")[:] = 0.0
        raise KeyboardInterrupt

    return on_scan


@pytest.mark.parametrize("harm", [_spins, _hangs, _raises, _exits, _meddles])
@pytest.mark.parametrize("is_first", [True, False])
def test_neighbours_find_what_they_find_alone(
    live: Live, harm: Callable[[Live], OnScan], is_first: bool
) -> None:
    bad = _managed("bad", FunctionScanner(["A", "B"], harm(live)))
    good = [_rising(), _traded()]
    alone = live.play([_rising(), _traded()], live.execution())
    together = live.play([bad, *good] if is_first else [*good, bad], live.execution(), bad)
    for name in ("rising", "traded"):
        assert _scans(together, name) == _scans(alone, name)
    assert {scan.outcome for scan in together.told.of(ScanFinished) if scan.scanner == "bad"} <= {
        Outcome.FAILED,
        Outcome.TIMED_OUT,
        Outcome.SKIPPED,
    }
    done = [event.scanner for event in together.told.of(ScannerDone)]
    assert sorted(done) == ["bad", "rising", "traded"]
    assert [one.scanner.torn_down for one in good] == [1, 1]  # type: ignore[attr-defined]


def test_a_scanner_that_is_done_lets_go_of_its_candidates(live: Live) -> None:
    played = live.play([_traded()], live.execution())
    assert played.data.holders.candidates(scanner_holder("traded")) == ()


_NEVER_RETURNS = """
import sys
sys.path[:0] = {path!r}
from support.builders import FunctionScanner
from support.harness import MemorySession, SESSION
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner

def spin(_):
    while True:
        pass

due = DueTimes((), (SESSION.open + 60_000_000,))
def set_up(_):
    scanner.timeout_seconds = 0.05
    return True

scanner = ManagedScanner("bad", FunctionScanner(["A"], spin, set_up), due)
played = MemorySession([scanner], execution=ThreadedExecution(lambda: None))
played.coordinator.run()
print([type(event).__name__ for event in played.told.events][-2:])
"""


def test_a_process_ends_although_a_scan_spins_forever() -> None:
    """The threads of scanners are daemons: nothing waits for one that never returns."""
    script = _NEVER_RETURNS.format(path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "['ScannerDone', 'SessionClosed']\n"
