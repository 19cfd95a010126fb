"""Scans beside the stream: nothing a scanner does holds up the session or its neighbours."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, NAN, FunctionScanner, make_block, make_session
from support.waiting import LIMIT
from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.model.bar import BarSlice
from symscan.model.events.session import (
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
)
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.processor import DataProcessor
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.jobs.saved_state import restore_state
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner, ScannerState
from symscan.scanners.running.manager import ScannerManager
from symscan.session.requests import AddBars, AddIndicator, AddSymbol, LockSymbol
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
SYMBOLS = ("A", "B", "C")
LONG = LIMIT
"""Seconds nothing here should ever take."""
SHORT = 0.02
"""A timeout that is meant to pass: only of what hangs, never of what a slow machine may not do in time."""


class Gate:
    """Holds a scan up until it is opened; says when a scan has come to it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._reached = threading.Event()

    def __call__(self, _: ScanContext) -> ScanResult:
        self._reached.set()
        assert self._open.wait(LONG)
        return ScanResult(["A"])

    def open(self) -> None:
        self._open.set()

    def await_reached(self) -> None:
        assert self._reached.wait(LONG)


class Lookup:
    """Finds symbols the session does not have: each traded at 5 dollars, every minute."""

    def __init__(self, known: Sequence[str] = ("Z",)) -> None:
        self.asked: list[Sequence[str]] = []
        self._known = known

    def stored(self) -> Sequence[str]:
        return (*SYMBOLS, "Z")

    def session_with(self, data: SessionData, symbols: Sequence[str]) -> SessionData:
        self.asked.append(symbols)
        session, known = data.empty_copy(), [symbol for symbol in symbols if symbol in self._known]
        if not known:
            return session
        session.add_rows(known)
        session.readings.previous_close[session.symbols.rows(known)] = 4.0
        session.catch_up(known, [], [make_block(end, 5.0) for end in session.regular.grid.ends()])
        return session


class Beside:
    """A manager over three symbols whose scans run on threads: A trades each minute, B in the first alone."""

    def __init__(
        self,
        *scanners: ManagedScanner,
        lookup: Any = None,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self.data = SessionData(SESSION, SYMBOLS)
        self.data.in_store[:3] = True
        self.time = TimeManager(SESSION)
        self._woken = threading.Event()
        self._back_at_once: list[Any] = []
        self.execution = ThreadedExecution(self._woken.set)
        self.manager = ScannerManager(
            scanners,
            self.data,
            self.time,
            "live",
            self.execution,
            lookup=lookup,
            stopwatch=lambda: Stopwatch(seconds),
        )
        self._processor = DataProcessor(self.data)
        self.set_up = self.manager.setup_all()
        self.setup_requests = self.manager.requests()
        for request in self.setup_requests:
            if isinstance(request, AddBars):
                self.data.add_candidates(request.holder, request.symbols)

    def play(self, minute: int, paused: str | None = None) -> list[ScanFinished]:
        """One slice, without waiting for anybody: the scans that were skipped; one may be back at once."""
        end = SESSION.open + minute * MINUTE
        self.time.advance_to(end)
        prices = [10.0 + minute, 22.0 if minute == 1 else None, *[None] * (self.data.capacity - 2)]
        self._processor.process(BarSlice(end, make_block(end, *prices)))
        events = list(self.manager.run_due(ScanPhase.REGULAR, paused))
        self._back_at_once += [one for one in events if one.outcome is not Outcome.SKIPPED]
        return [one for one in events if one.outcome is Outcome.SKIPPED]

    def play_and_wait(self, minute: int) -> Any:
        """One slice, and what is told of the one scan that was due then: it may time out at once."""
        told = self.play(minute)
        (scan,) = [*told, *self.come_in(1 - len(told))]
        return scan

    def come_in(self, count: int = 1) -> list[Any]:
        """What is told next, so many events; waits for the session to be woken."""
        found = [*self._back_at_once, *self.manager.collect()]
        self._back_at_once = []
        while len(found) < count:
            assert self._woken.wait(LONG)
            self._woken.clear()
            found += self.manager.collect()
        assert len(found) == count
        return found

    def tear_down(self) -> Any:
        """What is told of the one scanner that had its last scan: it may be torn down at once."""
        told = self.manager.teardown_finished()
        (done,) = [*told, *self.come_in(1 - len(told))]
        return done

    def come_back(self, name: str) -> None:
        """Wait until a scanner can be called again."""
        while self.manager.scanners[name].state is ScannerState.SCANNING:
            assert self._woken.wait(LONG)
            self._woken.clear()
            assert list(self.manager.collect()) == []

    def state(self, name: str) -> ScannerState:
        return self.manager.scanners[name].state

    def time_out(self, name: str, seconds: float) -> None:
        """Give the scanner's next job so long."""
        self.manager.scanners[name].timeout_seconds = seconds


@pytest.fixture
def beside() -> Iterator[Callable[..., Beside]]:
    made: list[Beside] = []

    def make(*scanners: ManagedScanner, **more: Any) -> Beside:
        made.append(Beside(*scanners, **more))
        return made[-1]

    yield make
    for one in made:
        one.manager.teardown_all(0.0)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def _managed(name: str, scanner: Any, *minutes: int, **more: Any) -> ManagedScanner:
    due = tuple(SESSION.open + minute * MINUTE for minute in minutes or (1, 2, 3))
    return ManagedScanner(name, scanner, DueTimes((), due), **{"timeout_seconds": LONG, **more})


def _prices(context: ScanContext) -> ScanResult:
    view = context.session_data
    found = [symbol for symbol in view.symbols if view.get_latest_price(symbol) > 0]
    return ScanResult(found, {symbol: {"price": view.get_latest_price(symbol)} for symbol in found})


def test_a_scan_sees_its_instant_and_is_applied_later(beside: Any, gate: Gate) -> None:
    def on_scan(context: ScanContext) -> ScanResult:
        gate(context)
        return _prices(context)

    session = beside(_managed("mine", FunctionScanner(SYMBOLS, on_scan), 1))
    assert session.play(1) == []
    gate.await_reached()
    session.play(2)
    session.play(3)
    session.time.update_market(SESSION.open + 200_000_000)
    gate.open()
    (scan,) = session.come_in()
    assert (scan.at, scan.decided_at) == (SESSION.open + MINUTE, SESSION.open + 200_000_000)
    assert (scan.outcome, scan.hits.symbols) == (Outcome.OK, ("A", "B"))
    assert scan.hits.metadata == {"A": {"price": 11.0}, "B": {"price": 22.0}}
    np.testing.assert_array_equal(scan.hits.price, [11.0, 22.0])
    np.testing.assert_array_equal(scan.hits.volume, [1.0, 1.0])
    assert (scan.universe, scan.judged, scan.unknown) == (3, 2, 1)


def test_what_a_scan_is_given_stands_still(beside: Any) -> None:
    seen: list[ScanContext] = []

    def on_scan(context: ScanContext) -> ScanResult:
        seen.append(context)
        return ScanResult([])

    session = beside(_managed("mine", FunctionScanner(SYMBOLS, on_scan)))
    session.play(1)
    session.come_in()
    session.play(2)
    assert (seen[0].mode, seen[0].time_manager.now) == ("live", SESSION.open + MINUTE)
    assert seen[0].session_data.get_latest_price("A") == 11.0


def test_a_scan_that_is_still_running_is_not_begun_again(beside: Any, gate: Gate) -> None:
    busy, quick = FunctionScanner(SYMBOLS, gate), FunctionScanner(SYMBOLS, _prices)
    session = beside(_managed("busy", busy), _managed("quick", quick, 1, 2))
    session.play(1)
    gate.await_reached()
    session.come_in()  # of the quick one
    (skipped,) = session.play(2)
    assert (skipped.scanner, skipped.outcome) == ("busy", Outcome.SKIPPED)
    assert skipped.error == "its scan of 09:31 (exchange time) is still running"
    gate.open()
    told = session.come_in(2)
    assert {one.scanner: one.at for one in told} == {
        "busy": SESSION.open + MINUTE,
        "quick": SESSION.open + 2 * MINUTE,
    }
    assert session.state("busy") is ScannerState.READY
    assert session.play(3) == []
    assert session.come_in()[0].outcome is Outcome.OK


def test_scans_pause_while_told_so(beside: Any) -> None:
    session = beside(
        _managed("mine", FunctionScanner(SYMBOLS)), _managed("bad", FunctionScanner(on_setup=lambda _: False))
    )
    mine, bad = session.play(1, paused="behind the feed by 7 s")
    assert (mine.outcome, mine.error, mine.universe) == (Outcome.SKIPPED, "behind the feed by 7 s", 3)
    assert (bad.outcome, bad.error) == (Outcome.SKIPPED, "setup() returned False")
    assert len(session.play(2)) == 1
    assert session.come_in()[0].outcome is Outcome.OK


def test_a_late_answer_is_dropped(beside: Any, gate: Gate) -> None:
    def on_scan(context: ScanContext) -> ScanResult:
        context.session_data.add_symbol("A")
        return gate(context)

    session = beside(_managed("slow", FunctionScanner(SYMBOLS, on_scan)))
    session.time_out("slow", SHORT)
    scan = session.play_and_wait(1)
    assert (scan.outcome, scan.hits.symbols) == (Outcome.TIMED_OUT, ())
    assert scan.error == "scan() took longer than its timeout_seconds (0.02)"
    assert session.state("slow") is ScannerState.SCANNING
    assert not session.manager.is_running
    (skipped,) = session.play(2)
    assert skipped.error == "its scan of 09:31 (exchange time) is still running"
    gate.open()
    session.come_back("slow")
    assert session.manager.requests() == []
    session.time_out("slow", LONG)
    session.play(3)
    assert session.come_in()[0].hits.new.tolist() == [True]


@pytest.mark.parametrize(("ends_at", "outcome"), [(9.0, Outcome.OK), (11.0, Outcome.TIMED_OUT)])
def test_when_a_scan_ended_counts_not_when_the_session_looks(
    gate: Gate, ends_at: float, outcome: Outcome
) -> None:
    data, time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
    answers, now = threading.Semaphore(0), [0.0]

    def wake() -> None:
        if threading.current_thread().name == "scanner mine":  # the deadline wakes the session as well
            answers.release()

    execution = ThreadedExecution(wake, monotonic=lambda: now[0])
    mine = _managed("mine", FunctionScanner(SYMBOLS, gate), timeout_seconds=10.0)
    manager = ScannerManager([mine], data, time, "live", execution)
    manager.setup_all()
    assert answers.acquire(timeout=LONG)
    time.advance_to(SESSION.open + MINUTE)
    assert list(manager.run_due(ScanPhase.REGULAR)) == []
    gate.await_reached()
    now[0] = ends_at
    gate.open()
    assert answers.acquire(timeout=LONG)
    now[0] = 100.0
    (scan,) = manager.collect()
    assert isinstance(scan, ScanFinished)
    assert (scan.outcome, mine.state) == (outcome, ScannerState.READY)
    manager.teardown_all(0.0)


def test_one_that_never_returns_harms_only_itself(beside: Any, gate: Gate) -> None:
    hanging, quick = FunctionScanner(SYMBOLS, gate), FunctionScanner(SYMBOLS, _prices)
    session = beside(_managed("hanging", hanging), _managed("quick", quick))
    session.time_out("hanging", SHORT)
    outcomes = []
    for minute in (1, 2, 3):
        told = session.play(minute)
        told += session.come_in(2 - len(told))
        outcomes.append({scan.scanner: scan.outcome for scan in told})
    assert [one["quick"] for one in outcomes] == [Outcome.OK] * 3
    assert [one["hanging"] for one in outcomes] == [Outcome.TIMED_OUT, Outcome.SKIPPED, Outcome.SKIPPED]
    done = session.tear_down()
    assert (done.scanner, quick.torn_down) == ("quick", 1)
    (left,) = session.manager.teardown_all(LONG)  # nobody waits for one that has timed out
    assert left.error == "its scan of 09:31 (exchange time) has not returned, so teardown() was not called"
    assert (session.state("hanging"), hanging.torn_down) == (ScannerState.DONE, 0)
    assert session.manager.teardown_all() == []


def _raise(error: BaseException) -> Callable[[Any], Any]:
    def on_scan(_: Any) -> None:
        raise error

    return on_scan


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("on_scan", "error"),
    [
        (_raise(KeyError("x")), "KeyError: 'x'"),
        (_raise(SystemExit(3)), "SystemExit: 3"),
        (_raise(KeyboardInterrupt()), "KeyboardInterrupt"),
        (_raise(GeneratorExit()), "GeneratorExit"),
        (_raise(MemoryError("full")), "MemoryError: full"),
        (_raise(Mute()), "Mute"),
        (lambda _: ["A"], "TypeError: scan() returned list; return a ScanResult"),
        (lambda _: ScanResult([], error="no data"), "no data"),
    ],
)
def test_a_scanners_fault_is_its_outcome(beside: Any, on_scan: Callable[[Any], Any], error: str) -> None:
    session = beside(_managed("mine", FunctionScanner(SYMBOLS, on_scan), 1, 2))
    for minute in (1, 2):
        session.play(minute)
        (scan,) = session.come_in()
        assert scan.outcome is Outcome.FAILED
        assert scan.error.rpartition("  ")[2] == error
    done = session.tear_down()
    assert (done.scans, done.failed, done.error) == (2, 2, None)


def test_how_often_threads_take_turns_is_put_back(beside: Any) -> None:
    before = sys.getswitchinterval()

    def meddle(_: ScanContext) -> ScanResult:
        sys.setswitchinterval(0.5)
        return ScanResult([])

    session = beside(_managed("mine", FunctionScanner(SYMBOLS, meddle)))
    session.play(1)
    session.come_in()
    assert sys.getswitchinterval() == before


# -- what is asked for -------------------------------------------------------------------------


def test_what_a_scan_asks_for_comes_with_its_result(beside: Any, gate: Gate) -> None:
    def on_scan(context: ScanContext) -> ScanResult:
        view = context.session_data
        asked = [view.add_symbol("Z"), view.lock_symbol("A", "why"), view.add_indicator("A", "sma_2_1m")]
        again = [view.add_symbol("Z"), view.lock_symbol("A", "why"), view.add_indicator("A", "sma_2_1m")]
        assert (asked, again, view.is_symbol_locked("A")) == ([True] * 3, [False] * 3, True)
        gate(context)
        return ScanResult([])

    session = beside(_managed("mine", FunctionScanner(SYMBOLS, on_scan), 1))
    session.play(1)
    gate.await_reached()
    assert session.manager.requests() == []
    gate.open()
    (scan,) = session.come_in()
    assert scan.error is None
    indicator, *changes = session.manager.requests()
    assert isinstance(indicator, AddIndicator)
    assert indicator.symbols == ("A",)
    assert changes == [AddSymbol("scanner:mine", "Z"), LockSymbol("scanner:mine", "A", "why")]
    assert session.manager.requests() == []


def test_a_hit_that_is_a_stranger_has_its_values(beside: Any) -> None:
    lookup = Lookup()
    scanner = FunctionScanner(SYMBOLS, lambda _: ScanResult(["NOWHERE", "A", "Z"]))
    session = beside(_managed("mine", scanner, 2), lookup=lookup)
    session.play(1)
    session.play(2)
    (scan,) = session.come_in()
    assert lookup.asked == [["NOWHERE", "Z"]]
    np.testing.assert_array_equal(scan.hits.price, [NAN, 12.0, 5.0])
    np.testing.assert_array_equal(scan.hits.volume, [NAN, 2.0, 2.0])
    np.testing.assert_array_equal(scan.hits.previous_close, [NAN, NAN, 4.0])
    assert scan.hits.not_in_store == ("NOWHERE",)
    assert scan.unknown == 1  # C; the strangers are no candidates
    assert "Z" not in session.data.symbols


def test_a_stranger_that_cannot_be_looked_up_is_not_known(beside: Any) -> None:
    scanner = FunctionScanner(SYMBOLS, lambda _: ScanResult(["Z"]))
    session = beside(_managed("mine", scanner, 1), lookup=Lookup(known=()))
    session.play(1)
    (scan,) = session.come_in()
    assert (scan.outcome, np.isnan(scan.hits.price).tolist()) == (Outcome.OK, [True])


# -- setup and teardown ------------------------------------------------------------------------


def test_a_setup_asks_for_its_universe_first(beside: Any) -> None:
    def on_setup(context: ScanContext) -> bool:
        context.session_data.add_session_bars("Z", "1m")
        return context.session_data.add_indicator(["A"], "sma_2_5m")

    session = beside(_managed("mine", FunctionScanner(["A", "B"], on_setup=on_setup)))
    assert session.set_up == [ScannerReady(SESSION.pre_open, "mine", 2, ("sma_2_5m",))]
    assert session.setup_requests[0] == AddBars("scanner:mine", ("A", "B", "Z"), ONE_MINUTE)


def test_a_setup_that_hangs_disables_its_scanner(beside: Any, gate: Gate) -> None:
    def on_setup(context: ScanContext) -> Any:
        context.session_data.add_symbol("A")
        return gate(context)

    hanging = FunctionScanner(SYMBOLS, on_setup=on_setup)
    session = beside(
        _managed("hanging", hanging, timeout_seconds=SHORT),
        _managed("good", FunctionScanner(SYMBOLS, _prices)),
    )
    disabled, ready = session.set_up
    assert isinstance(disabled, ScannerDisabled)
    assert disabled.reason == "setup() took longer than its timeout_seconds (0.02)"
    assert isinstance(ready, ScannerReady)
    assert {request.holder for request in session.setup_requests} == {"scanner:good"}
    (skipped,) = session.play(1)
    assert (skipped.scanner, skipped.outcome, skipped.error) == ("hanging", Outcome.SKIPPED, disabled.reason)
    gate.open()
    assert session.come_in()[0].scanner == "good"
    session.manager.teardown_all(LONG)
    assert hanging.torn_down == 0


def test_teardown_comes_after_the_last_scan_is_back(beside: Any, gate: Gate) -> None:
    order: list[str] = []

    def on_scan(context: ScanContext) -> ScanResult:
        gate(context)
        order.append("scan")
        return ScanResult(["A"])

    scanner = FunctionScanner(SYMBOLS, on_scan, on_teardown=lambda _: order.append("teardown"))
    session = beside(_managed("mine", scanner, 1))
    session.play(1)
    gate.await_reached()
    assert session.manager.teardown_finished() == []
    session.play(2)
    assert session.manager.teardown_finished() == []
    gate.open()
    scan, done = session.come_in(2)
    assert isinstance(scan, ScanFinished)
    assert isinstance(done, ScannerDone)
    assert (order, scanner.torn_down, done.scans) == (["scan", "teardown"], 1, 1)
    assert session.manager.teardown_all() == []


def test_a_scanner_that_comes_back_too_late_is_torn_down_then(beside: Any, gate: Gate) -> None:
    scanner = FunctionScanner(SYMBOLS, gate)
    session = beside(_managed("mine", scanner, 1))
    session.time_out("mine", SHORT)
    assert session.play_and_wait(1).outcome is Outcome.TIMED_OUT
    session.time_out("mine", LONG)
    assert session.manager.teardown_finished() == []
    gate.open()
    (done,) = session.come_in()
    assert (done.failed, done.error, scanner.torn_down) == (1, None, 1)


def test_a_teardown_that_hangs_is_told_of(beside: Any, gate: Gate) -> None:
    scanner = FunctionScanner(SYMBOLS, on_teardown=lambda context: gate(context) and None)
    session = beside(_managed("mine", scanner, 1))
    session.play(1)
    session.come_in()
    session.time_out("mine", SHORT)
    told: list[Any] = session.manager.teardown_finished()
    (done,) = told or session.come_in()
    assert done.error == "teardown() took longer than its timeout_seconds (0.02)"
    assert session.manager.teardown_all(LONG) == []


def test_the_end_waits_for_scans_up_to_a_limit(beside: Any, gate: Gate) -> None:
    awaited, hanging, idle = Gate(), FunctionScanner(SYMBOLS, gate), FunctionScanner(SYMBOLS)
    coming = FunctionScanner(SYMBOLS, awaited)
    others = [_managed("coming", coming), _managed("idle", idle, 3)]

    def seconds() -> float:  # the limit passes as soon as the others are done
        return float(all(one.state is ScannerState.DONE for one in others))

    session = beside(_managed("hanging", hanging), *others, seconds=seconds)
    session.play(1)
    gate.await_reached()
    awaited.await_reached()
    awaited.open()
    told = session.manager.teardown_all(0.2)
    scans = {event.scanner: event for event in told if isinstance(event, ScanFinished)}
    done = {event.scanner: event for event in told if isinstance(event, ScannerDone)}
    assert len(told) == 5
    assert (scans["coming"].outcome, scans["hanging"].outcome) == (Outcome.OK, Outcome.TIMED_OUT)
    assert scans["hanging"].error == "the session ended while it ran"
    assert (done["coming"].error, done["idle"].error) == (None, None)
    assert (coming.torn_down, idle.torn_down, hanging.torn_down) == (1, 1, 0)
    assert "has not returned" in done["hanging"].error
    assert {managed.state for managed in session.manager.scanners.values()} == {ScannerState.DONE}


# -- memory ------------------------------------------------------------------------------------


class Counting(FunctionScanner):
    """Remembers how many scans it made, if it is to."""

    def __init__(self, counts: bool = True) -> None:
        super().__init__(SYMBOLS)
        del self._on_scan, self._on_setup, self._on_teardown  # functions cannot be kept
        self.count = 0
        self._counts = counts

    def setup(self, _: ScanContext) -> bool:
        return True

    def scan(self, _: ScanContext) -> ScanResult:
        self.count += self._counts
        return ScanResult([])

    def teardown(self, context: ScanContext) -> None:
        pass


def test_what_a_scanner_remembers_can_be_given_back(beside: Any) -> None:
    session = beside(_managed("mine", Counting()))
    managed = session.manager.scanners["mine"]
    kept = [managed.saved_state]
    for minute in (1, 2):
        session.play(minute)
        session.come_in()
        kept.append(managed.saved_state)
    assert len(set(kept)) == 3
    again = Counting()
    assert kept[1] is not None
    restore_state(again, kept[1])
    assert again.count == 1


def test_only_a_memory_that_changed_comes_with_a_verdict() -> None:
    data, time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
    told: list[Any] = []

    class Noting(ThreadedExecution):
        def collect(self, wait_seconds: float = 0.0) -> list[Any]:
            found = super().collect(wait_seconds)
            told.extend(found)
            return found

    managed = [_managed("counts", Counting()), _managed("same", Counting(counts=False))]
    managed.append(_managed("lambda", FunctionScanner(SYMBOLS)))
    manager = ScannerManager(managed, data, time, "live", Noting(lambda: None, waits_for_session=True))
    manager.setup_all()
    for minute in (1, 2):
        time.advance_to(SESSION.open + minute * MINUTE)
        assert len(list(manager.run_due(ScanPhase.REGULAR))) == 3
    has_memory = [(one.name, one.saved_state is not None) for one in told]
    assert has_memory == [("counts", True), ("same", False), ("lambda", False)] * 2
    manager.teardown_all(LONG)
    for one in told:
        pickle.loads(pickle.dumps(one))


# -- patience ----------------------------------------------------------------------------------


def test_with_patience_scans_are_done_at_once(gate: Gate) -> None:
    data, time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
    scanners = [
        _managed("hanging", FunctionScanner(SYMBOLS, gate)),
        _managed("quick", FunctionScanner(SYMBOLS, lambda _: ScanResult(["A"]))),
    ]
    manager = ScannerManager(
        scanners, data, time, "live", ThreadedExecution(lambda: None, waits_for_session=True)
    )
    manager.setup_all()
    scanners[0].timeout_seconds = SHORT
    time.advance_to(SESSION.open + MINUTE)
    told = [(scan.scanner, scan.outcome) for scan in manager.run_due(ScanPhase.REGULAR)]
    assert told == [("hanging", Outcome.TIMED_OUT), ("quick", Outcome.OK)]
    manager.teardown_all(0.0)


def test_the_end_is_never_patient(gate: Gate) -> None:
    data, time, woken = SessionData(SESSION, SYMBOLS), TimeManager(SESSION), threading.Event()
    slow = _managed("slow", FunctionScanner(SYMBOLS, on_teardown=lambda context: gate(context) and None))
    manager = ScannerManager([slow], data, time, "live", ThreadedExecution(woken.set, waits_for_session=True))
    manager.setup_all()
    (done,) = manager.teardown_all(0.0)
    assert done.error == "teardown() has not returned"  # type: ignore[attr-defined]


@pytest.fixture
def on_interrupt() -> Iterator[None]:
    """Ctrl-C interrupts, even where the tests were started in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("on_interrupt")
def test_ctrl_c_reaches_a_session_that_waits(gate: Gate) -> None:
    data, time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
    execution = ThreadedExecution(lambda: None, waits_for_session=True)
    manager = ScannerManager(
        [_managed("slow", FunctionScanner(SYMBOLS, gate))], data, time, "live", execution
    )
    manager.setup_all()
    time.advance_to(SESSION.open + MINUTE)
    interrupter = threading.Thread(
        target=lambda: (gate.await_reached(), os.kill(os.getpid(), signal.SIGINT))  # type: ignore[func-returns-value]
    )
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        list(manager.run_due(ScanPhase.REGULAR))
    interrupter.join(LONG)
    gate.open()
    scan, done = manager.teardown_all(LONG)
    assert (scan.outcome, done.error) == (Outcome.OK, None)  # type: ignore[attr-defined]
