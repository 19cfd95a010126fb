"""Running one scan: at once, on the session's own thread, as a backtest does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from symscan.clock.stopwatch import Stopwatch
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
            with _interrupted_after(timeout_seconds):
                result = _guarded(lambda: scanner.scan(context))
        except _OutOfTime:
            raise _overrun(name, timeout_seconds) from None
        result.execution_time_ms = watch.elapsed_ms
        if result.execution_time_ms > timeout_seconds * 1000:
            raise _overrun(name, timeout_seconds)
        return result


def _guarded(scan: Callable[[], ScanResult]) -> ScanResult:
    try:
        return checked_result(scan())
    except Exception as error:  # the plug-in boundary: a scanner's fault becomes its outcome
        return ScanResult(symbols=(), metadata={}, error=f"{type(error).__name__}: {error}")


def _overrun(name: str, timeout_seconds: float) -> ScanOverrun:
    return ScanOverrun(
        f"scanner '{name}' took longer than its timeout_seconds ({timeout_seconds:g}); "
        "in a backtest that ends the run, because a clock must not change results"
    )


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Interrupt the body after some time; only the main thread can, elsewhere the body runs on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's face
    raise _OutOfTime
