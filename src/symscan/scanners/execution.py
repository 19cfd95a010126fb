"""Running one scan: at once, on the session's own thread, as a backtest does."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from symscan.clock.stopwatch import Stopwatch
from symscan.config.modules import told
from symscan.errors import ScanOverrun
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.result import checked_result


class _OutOfTime(BaseException):
    """Raised inside a scan that never returns; no scanner's ``except Exception`` holds it back."""


class InlineExecution:
    """Runs a scan while the session waits.

    A wall clock must not change a backtest's results, so a scan that outlasts its timeout ends the
    run instead of being dropped.
    """

    def run(
        self, name: str, scanner: BaseScanner, context: ScanContext, timeout_seconds: float
    ) -> ScanResult:
        """The scan's result; one that raised or broke the contract has ``error`` set.

        Raises
        ------
        ScanOverrun
            If the scan took longer than its timeout.
        """
        watch = Stopwatch()
        try:
            with _Alarm(timeout_seconds):
                result = _guarded(scanner, context)
        except _OutOfTime:
            raise _overrun(name, timeout_seconds) from None
        result.execution_time_ms = watch.elapsed_ms
        if result.execution_time_ms > timeout_seconds * 1000:
            raise _overrun(name, timeout_seconds)
        return result


def _guarded(scanner: BaseScanner, context: ScanContext) -> ScanResult:
    try:
        return checked_result(scanner.scan(context), len(context.session_data.symbols))
    except (Exception, SystemExit) as error:  # the plug-in boundary: a scanner's fault becomes its outcome
        return ScanResult(symbols=(), metadata={}, error=told(error))


def _overrun(name: str, timeout_seconds: float) -> ScanOverrun:
    return ScanOverrun(
        f"scanner '{name}' took longer than its timeout_seconds ({timeout_seconds:g}); "
        "in a backtest that ends the run, because a clock must not change results"
    )


class _Alarm:
    """Interrupts its body after some time; only the main thread can, elsewhere the body runs on."""

    __slots__ = ("_previous", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._previous: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGALRM, _interrupt)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *exception: object) -> None:
        if self._previous is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._previous)


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's face
    raise _OutOfTime
