from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, NAN, FunctionScanner, make_block, make_session
from symscan.clock.time_manager import TimeManager
from symscan.errors import InputError, ScannerFailed, ScanOverrun
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
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner, ScannerState
from symscan.scanners.running.manager import ScannerManager
from symscan.session.requests import AddBars, AddIndicator, AddSymbol
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
OPEN = SESSION.open
SYMBOLS = ("A", "B", "C")
REGULAR, BEFORE = ScanPhase.REGULAR, ScanPhase.PRE_SESSION


def _at(*minutes: int) -> tuple[int, ...]:
    return tuple(OPEN + minute * MINUTE for minute in minutes)


def _managed(name: str, scanner: Any, regular: tuple[int, ...] = (1, 2), **more: Any) -> ManagedScanner:
    before = more.pop("before", ())
    return ManagedScanner(name, scanner, DueTimes(_at(*before), _at(*regular)), **more)


def _raises(_: ScanContext) -> None:
    raise LookupError


class Managed:
    """A manager over three symbols: A trades each minute, B in the first alone, C never."""

    def __init__(self, *scanners: ManagedScanner) -> None:
        self.data = SessionData(SESSION, SYMBOLS)
        self.data.in_store[:3] = True
        self.data.readings.previous_close[:3] = [10, 20, 30]
        self.time = TimeManager(SESSION)
        self.manager = ScannerManager(scanners, self.data, self.time)
        self._processor = DataProcessor(self.data)

    def setup(self) -> list[Any]:
        events = self.manager.setup_all()
        for request in self.manager.requests():
            if isinstance(request, AddBars):
                self.data.add_candidates(request.holder, request.symbols)
        return events

    def play(self, minute: int, phase: ScanPhase = REGULAR) -> list[ScanFinished]:
        end = OPEN + minute * MINUTE
        self.time.advance_to(end)
        prices = [11.0, 22.0 if minute == 1 else None, *[None] * (self.data.capacity - 2)]
        self._processor.process(BarSlice(end, make_block(end, *prices)))
        return list(self.manager.run_due(phase))

    def state(self, name: str) -> ScannerState:
        return self.manager.scanners[name].state


def _finds(*symbols: str, **more: Any) -> Callable[[ScanContext], ScanResult]:
    return lambda _: ScanResult(list(symbols), **more)


# -- setup -------------------------------------------------------------------------------------


def test_a_scanner_that_is_set_up_is_ready() -> None:
    def on_setup(context: ScanContext) -> bool:
        context.session_data.add_indicator(["A", "B"], "sma_2_5m")
        context.session_data.add_session_bars("Z", "1m")
        return True

    managed = Managed(_managed("mine", FunctionScanner(["A", "B"], on_setup=on_setup)))
    (event,) = managed.manager.setup_all()
    assert event == ScannerReady(SESSION.pre_open, "mine", 2, ("sma_2_5m",))
    assert [scanner.name for scanner in managed.manager.ready()] == ["mine"]
    bars, indicator = managed.manager.requests()
    assert bars == AddBars("scanner:mine", ("A", "B", "Z"), ONE_MINUTE)  # the universe leads
    assert isinstance(indicator, AddIndicator)
    assert managed.manager.requests() == []


@pytest.mark.parametrize(
    ("on_setup", "reason"),
    [
        (lambda _: False, "setup() returned False"),
        (lambda _: None, "setup() returned None; return True"),
        (lambda _: 0, "setup() returned 0; return True"),
        (_raises, ": raise LookupError  LookupError"),
        (lambda _: sys.exit(3), "  SystemExit: 3"),
        (lambda context: context.session_data.add_indicator("A", "none_1_1m"), "  SpecError: "),
    ],
)
def test_a_scanner_that_cannot_be_set_up_is_disabled(on_setup: Callable[[Any], Any], reason: str) -> None:
    def asks_first(context: ScanContext) -> Any:
        context.session_data.add_symbol("A")
        return on_setup(context)

    bad = FunctionScanner(SYMBOLS, on_setup=asks_first)
    managed = Managed(_managed("bad", bad), _managed("good", FunctionScanner(SYMBOLS, _finds("A"))))
    disabled, ready = managed.manager.setup_all()
    assert isinstance(disabled, ScannerDisabled)
    assert disabled.reason.startswith("setup()")
    assert reason in disabled.reason
    assert isinstance(ready, ScannerReady)
    assert managed.state("bad") is ScannerState.DONE
    assert {request.holder for request in managed.manager.requests()} == {"scanner:good"}
    skipped, scanned = managed.play(1)
    assert (skipped.scanner, skipped.outcome, skipped.universe) == ("bad", Outcome.SKIPPED, 0)
    assert skipped.error == disabled.reason
    assert (scanned.scanner, scanned.outcome) == ("good", Outcome.OK)
    managed.manager.teardown_all()
    assert bad.torn_down == 0


@pytest.mark.parametrize("universe", [[1, 2], ["A", None], [b"A"]])
def test_a_universe_of_no_symbols_disables_its_scanner(universe: list[Any]) -> None:
    managed = Managed(_managed("bad", FunctionScanner(universe)))
    (event,) = managed.manager.setup_all()
    assert "which is no symbol" in event.reason
    assert managed.manager.requests() == []


def test_a_scanner_that_forgot_its_base_is_disabled() -> None:
    class Forgetful(FunctionScanner):
        def __init__(self) -> None:
            self.config = {}
            self._on_setup = lambda _: True

    (event,) = Managed(_managed("bad", Forgetful())).manager.setup_all()
    assert event.reason.startswith("setup(): AttributeError: 'Forgetful' object has no attribute")


def test_a_required_scanner_that_cannot_be_set_up_ends_the_run() -> None:
    scanner = FunctionScanner(on_setup=lambda _: False)
    managed = Managed(_managed("mine", scanner, required=True))
    with pytest.raises(ScannerFailed, match=r"required scanner 'mine' .* returned False"):
        managed.manager.setup_all()
    assert managed.state("mine") is ScannerState.DONE


def test_a_scanner_that_is_not_due_takes_no_part() -> None:
    calls: list[Any] = []
    scanner = FunctionScanner(on_setup=calls.append)
    managed = Managed(_managed("mine", scanner, regular=(), required=True))
    assert managed.manager.setup_all() == [
        ScannerDisabled(SESSION.pre_open, "mine", "not due in this session")
    ]
    assert calls == []
    with pytest.raises(InputError, match="'mine' cannot scan now: not due in this session"):
        list(managed.manager.run_scan("mine"))
    assert managed.manager.teardown_all() == []


# -- scans -------------------------------------------------------------------------------------


def test_scans_run_when_they_are_due_in_the_order_of_the_configuration() -> None:
    managed = Managed(
        _managed("second", FunctionScanner(SYMBOLS), regular=(2, 4)),
        _managed("first", FunctionScanner(SYMBOLS), regular=(1, 2), before=(0,)),
    )
    managed.setup()
    ran = [[scan.scanner for scan in managed.play(0, BEFORE)]]
    ran += [[scan.scanner for scan in managed.play(minute)] for minute in range(1, 6)]
    assert ran == [["first"], ["first"], ["second", "first"], [], ["second"], []]


def test_both_phases_may_be_due_at_the_open() -> None:
    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS), regular=(0,), before=(0,)))
    managed.setup()
    assert managed.manager.should_run_scan("mine") is False
    (before,) = managed.play(0, BEFORE)
    assert managed.manager.should_run_scan("mine")
    assert managed.manager.should_run_scan("mine", BEFORE)
    (regular,) = managed.manager.run_due(REGULAR)
    assert (before.phase, regular.phase) == (BEFORE, REGULAR)


def test_what_a_scan_is_given() -> None:
    seen: list[ScanContext] = []

    def on_scan(context: ScanContext) -> ScanResult:
        seen.append(context)
        return ScanResult([])

    scanner = FunctionScanner(SYMBOLS, on_scan)
    managed = Managed(_managed("mine", scanner))
    managed.setup()
    managed.play(1)
    (context,) = seen
    assert context.current_time.isoformat() == "2018-02-27T09:31:00-05:00"
    assert (context.mode, context.config, context.time_manager) == ("backtest", scanner.config, managed.time)
    assert context.session_data.symbols == SYMBOLS
    assert context.session_data.get_latest_price("A") == 11


def test_hits_carry_what_was_known_of_them() -> None:
    metadata = {"A": {"why": NAN}}
    managed = Managed(
        _managed("mine", FunctionScanner(SYMBOLS, _finds("B", "A", "B", "Z", metadata=metadata)))
    )
    managed.setup()
    first, again = managed.play(1)[0], managed.play(2)[0]
    assert first.hits.symbols == ("B", "A", "Z")
    assert first.hits.new.tolist() == [True, True, True]
    assert again.hits.new.tolist() == [False, False, False]
    np.testing.assert_array_equal(first.hits.price, [22, 11, NAN])
    np.testing.assert_array_equal(again.hits.previous_close, [20, 10, NAN])
    np.testing.assert_allclose(again.hits.change_pct, [10, 10, NAN])
    np.testing.assert_allclose(again.hits.gap_pct, [10, 10, NAN])
    np.testing.assert_array_equal(again.hits.volume, [1, 2, NAN])
    np.testing.assert_array_equal(again.hits.last_bar_end, [*_at(1, 2), NAN])
    assert again.hits.metadata == {"A": {"why": None}}


def test_new_is_per_scanner() -> None:
    one, two = (FunctionScanner(SYMBOLS, _finds("A")) for _ in range(2))
    managed = Managed(_managed("one", one), _managed("two", two, regular=(2,)))
    managed.setup()
    news = [(scan.scanner, scan.hits.new.tolist()) for minute in (1, 2) for scan in managed.play(minute)]
    assert news == [("one", [True]), ("one", [False]), ("two", [True])]


def test_judged_and_unknown_add_up_to_the_universe() -> None:
    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS, _finds("A"))))
    managed.setup()
    (scan,) = managed.play(1)
    assert (scan.outcome, scan.universe, scan.judged, scan.unknown) == (Outcome.OK, 3, 2, 1)


def test_a_symbol_that_is_returned_was_judged() -> None:
    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS, _finds("C"))))
    managed.setup()
    assert managed.play(1)[0].unknown == 0


@pytest.mark.parametrize(
    ("said", "reasons"),
    [
        ([False, False, False], []),
        ([True, False, True], [("A", "no_value"), ("C", "no_bar_today")]),
    ],
)
def test_a_scanner_may_say_whom_it_could_not_judge(said: list[bool], reasons: list[Any]) -> None:
    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS, _finds(unknown=said)), regular=(1,)))
    managed.setup()
    assert managed.play(1)[0].unknown == sum(said)
    (done,) = managed.manager.teardown_finished()
    assert list(zip(done.unknown.symbols, done.unknown.reasons, strict=True)) == reasons


@pytest.mark.parametrize(
    ("on_scan", "outcome", "error"),
    [
        (lambda _: 1 / 0, Outcome.FAILED, "  ZeroDivisionError: division by zero"),
        (lambda _: ["A"], Outcome.FAILED, "TypeError: scan() returned list; return a ScanResult"),
        (_finds("A", error="no data"), Outcome.FAILED, "no data"),
        (_finds("A", 3), Outcome.FAILED, "TypeError: ScanResult.symbols holds 3"),
        (
            _finds("A", metadata={"A": object()}),
            Outcome.FAILED,
            "TypeError: ScanResult.metadata of 'A' is object",
        ),
        (_finds("A", unknown=[True]), Outcome.FAILED, "TypeError: ScanResult.unknown has"),
        (_finds("A", skipped=True), Outcome.SKIPPED, None),
    ],
)
def test_a_scan_that_fails_harms_only_itself(
    on_scan: Callable[[Any], Any], outcome: Outcome, error: str | None
) -> None:
    good = FunctionScanner(SYMBOLS, _finds("A"))
    managed = Managed(_managed("bad", FunctionScanner(SYMBOLS, on_scan)), _managed("good", good))
    managed.setup()
    for minute in (1, 2):
        bad, ok = managed.play(minute)
        assert (bad.outcome, bad.universe, bad.judged, bad.unknown) == (outcome, 3, 0, 0)
        assert bad.hits.symbols == ()
        assert bad.error == error or error in bad.error
        assert (ok.outcome, ok.hits.symbols) == (Outcome.OK, ("A",))
    done, _ = managed.manager.teardown_finished()
    assert (done.scans, done.failed, done.unknown.symbols) == (2, 2 * (outcome is Outcome.FAILED), ())


def test_what_a_scan_asks_for_is_recorded_not_done() -> None:
    def on_scan(context: ScanContext) -> ScanResult:
        assert context.session_data.add_symbol("A")
        assert not context.session_data.add_symbol("A")
        return ScanResult([])

    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS, on_scan)))
    managed.setup()
    managed.play(1)
    assert managed.data.holders.members() == ()
    assert managed.manager.requests() == [AddSymbol("scanner:mine", "A")]


def test_an_overrun_ends_the_run_and_the_scanner_is_still_torn_down() -> None:
    def endless(_: ScanContext) -> None:
        while True:
            pass

    scanner = FunctionScanner(SYMBOLS, endless)
    managed = Managed(_managed("mine", scanner, timeout_seconds=0.02))
    managed.setup()
    managed.time.advance_to(OPEN + MINUTE)
    told: list[ScanFinished] = []
    with pytest.raises(ScanOverrun, match="mine"):
        for scan in managed.manager.run_due(REGULAR):
            told.append(scan)
    assert [(scan.at, scan.outcome) for scan in told] == [(OPEN + MINUTE, Outcome.TIMED_OUT)]
    (done,) = managed.manager.teardown_all()
    assert (done.scans, done.failed) == (1, 1)
    assert (managed.state("mine"), scanner.torn_down) == (ScannerState.DONE, 1)


def test_a_scan_that_judges_everyone_ends_every_stretch_of_unknown() -> None:
    unknown = iter([[True, False, False], [False, False, False], [True, False, False]])
    scanner = FunctionScanner(SYMBOLS, lambda _: ScanResult([], unknown=next(unknown)))
    managed = Managed(_managed("mine", scanner, regular=(1, 2, 3)))
    managed.setup()
    for minute in (1, 2, 3):
        managed.play(minute)
    (done,) = managed.manager.teardown_finished()
    assert done.unknown.first_at.tolist() == done.unknown.last_at.tolist() == list(_at(1, 3))
    assert done.unknown.scans.tolist() == [1, 1]


def test_candidates_may_go_between_scans() -> None:
    managed = Managed(_managed("mine", FunctionScanner(SYMBOLS), regular=(1, 2)))
    managed.setup()
    managed.play(1)
    managed.data.free_rows(["B"])
    (scan,) = managed.play(2)
    assert (scan.universe, scan.unknown) == (2, 1)
    (done,) = managed.manager.teardown_finished()
    assert (done.unknown.symbols, done.unknown.scans.tolist()) == (("C",), [2])


# -- teardown ----------------------------------------------------------------------------------


def test_a_scanner_is_torn_down_once_after_its_last_scan() -> None:
    early, late = FunctionScanner(SYMBOLS), FunctionScanner(SYMBOLS)
    managed = Managed(_managed("early", early, regular=(1,)), _managed("late", late, regular=(1, 3)))
    managed.setup()
    torn_down = []
    for minute in range(1, 5):
        managed.play(minute)
        torn_down.append([event.scanner for event in managed.manager.teardown_finished()])
    assert torn_down == [["early"], [], ["late"], []]
    assert managed.manager.teardown_all() == []
    assert (early.torn_down, late.torn_down) == (1, 1)
    assert managed.manager.ready() == []


def test_a_session_that_ends_early_tears_down_who_is_left() -> None:
    early, late = FunctionScanner(SYMBOLS), FunctionScanner(SYMBOLS, lambda _: 1 / 0)
    managed = Managed(_managed("early", early, regular=(1,)), _managed("late", late, regular=(1, 3)))
    managed.setup()
    managed.play(1)
    managed.manager.teardown_finished()
    (done,) = managed.manager.teardown_all()
    assert isinstance(done, ScannerDone)
    assert (done.scanner, done.scans, done.failed) == ("late", 1, 1)
    assert managed.manager.teardown_all() == []
    assert (early.torn_down, late.torn_down) == (1, 1)


@pytest.mark.parametrize("fault", [lambda _: 1 / 0, lambda _: sys.exit("bye")])
def test_a_teardown_that_fails_is_reported(fault: Callable[[Any], Any]) -> None:
    scanner = FunctionScanner(SYMBOLS, on_teardown=fault)
    managed = Managed(_managed("mine", scanner, regular=(1,)))
    managed.setup()
    managed.play(1)
    (done,) = managed.manager.teardown_finished()
    assert done.error.startswith("teardown(): ")
    assert "test_manager.py:" in done.error
    assert (managed.state("mine"), scanner.torn_down) == (ScannerState.DONE, 1)


def test_what_a_teardown_asks_for_is_too_late() -> None:
    scanner = FunctionScanner(SYMBOLS, on_teardown=lambda context: context.session_data.add_symbol("A"))
    managed = Managed(_managed("mine", scanner, regular=(1,)))
    managed.setup()
    managed.play(1)
    managed.manager.teardown_finished()
    assert managed.manager.requests() == []
