from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from support.inline_scan import run_inline, symbols_of
from symscan.errors import ScanOverrun
from symscan.model.events.session import Outcome
from symscan.scanners.base import ScanResult


def _endless(_: Any) -> None:
    while True:
        pass


def _stubborn(_: Any) -> ScanResult:
    try:
        _endless(None)
    except BaseException:
        return ScanResult(["A"])


def _patient(_: Any) -> ScanResult:
    try:
        _endless(None)
    except Exception:
        return ScanResult(["A"])


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def _raise(error: BaseException) -> Callable[[Any], Any]:
    def on_scan(_: Any) -> None:
        raise error

    return on_scan


def test_a_result_is_checked_and_timed() -> None:
    result = run_inline(lambda _: ScanResult(["B", "B"], execution_time_ms=1e9))
    assert (symbols_of(result), result.outcome, result.error) == (("B",), Outcome.OK, None)
    assert 0 < result.execution_time_ms < 1e9
    assert result.evaluation is not None
    assert (result.evaluation.universe, result.evaluation.symbols) == (2, ("A", "B"))


@pytest.mark.parametrize(
    ("on_scan", "error"),
    [
        (_raise(KeyError("rsi")), "KeyError: 'rsi'"),
        (_raise(ValueError("half \ud800")), r"ValueError: half \ud800"),
        (lambda _: ScanResult([], error="half \ud800"), "UnicodeEncodeError: "),
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda _: None, "TypeError: scan() returned NoneType; return a ScanResult"),
        (lambda _: ScanResult({"A"}), "TypeError: ScanResult.symbols is a set"),
        (lambda _: ScanResult([], unknown=[True]), "TypeError: ScanResult.unknown has bool"),
        (lambda _: sys.exit("bye"), "SystemExit: bye"),
        (lambda _: ScanResult(["A"], error="no data"), "no data"),
        (_raise(Mute()), "Mute"),
    ],
)
def test_a_scanners_fault_is_its_outcome(on_scan: Callable[[Any], Any], error: str) -> None:
    result = run_inline(on_scan)
    assert (result.outcome, result.evaluation) == (Outcome.FAILED, None)
    assert result.error is not None
    assert error in result.error


def test_a_scan_may_skip_itself() -> None:
    result = run_inline(lambda _: ScanResult(["A"], skipped=True))
    assert (result.outcome, result.error, result.evaluation) == (Outcome.SKIPPED, None, None)


def test_whoever_stops_the_run_stops_it() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_inline(_raise(KeyboardInterrupt()))


@pytest.mark.parametrize("on_scan", [_endless, _patient, _stubborn])
def test_a_scan_that_never_returns_ends_the_run(on_scan: Callable[[Any], Any]) -> None:
    with pytest.raises(ScanOverrun, match=r"'mine' took longer than its timeout_seconds \(0\.02\)"):
        run_inline(on_scan, timeout=0.02)


def test_a_scan_is_interrupted_by_its_own_time_and_not_by_that_of_an_earlier_one() -> None:
    run_inline(lambda _: ScanResult([]), timeout=0.05, closes=False)
    spun = run_inline(_spin(0.1), timeout=60.0, closes=False)  # while the earlier scan's time runs out
    assert spun.outcome is Outcome.OK
    with pytest.raises(ScanOverrun):
        run_inline(_endless, timeout=0.02)  # sooner than what the timer was set to


def test_a_scan_is_interrupted_after_others_took_the_signal() -> None:
    run_inline(lambda _: ScanResult([]), timeout=60.0, closes=False)
    others = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with pytest.raises(ScanOverrun):
            run_inline(_endless, timeout=0.02)
    finally:
        signal.signal(signal.SIGALRM, others)


def _spin(seconds: float) -> Callable[[Any], ScanResult]:
    """Return a scan that computes until that much CPU time has passed."""

    def on_scan(_: Any) -> ScanResult:
        end = process_time() + seconds
        while process_time() < end:
            pass
        return ScanResult([])

    return on_scan


def test_the_alarm_is_put_back() -> None:
    def mine(signum: int, frame: Any) -> None:
        raise AssertionError(signum, frame)

    before = signal.signal(signal.SIGALRM, mine)
    try:
        run_inline(lambda _: ScanResult([]))
        with pytest.raises(ScanOverrun):
            run_inline(_endless, timeout=0.02)
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
