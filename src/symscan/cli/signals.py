"""Ctrl-C, SIGTERM and SIGHUP: they interrupt a command, and request the end of a live session.

A command is interrupted where it is: the signal's handler raises. A live session ends between two updates: a
thread reads the signals, and the second one ends the process whatever the session does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from types import FrameType
from typing import Any, Final

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C ended."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OVER: Final = b"\0"
_Handler = Callable[[int, FrameType | None], None]


class Signalled(KeyboardInterrupt):
    """A signal interrupts a command, as Ctrl-C does.

    Attributes
    ----------
    code
        The command's exit code: as in shells, 128 plus the signal's number.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.code = 128 + number


def exit_code_of(interrupt: KeyboardInterrupt) -> int:
    """Return the exit code of an interrupted command."""
    return interrupt.code if isinstance(interrupt, Signalled) else INTERRUPTED


@contextmanager
def interruptible() -> Iterator[Callable[[], Signalled]]:
    """The first Ctrl-C ends the command, the second waits for its files, the third waits for nothing.

    Yields a factory of the interruption, for when a library has turned it into a return value.
    """
    pressed, last = 0, int(signal.SIGINT)

    def interrupt(number: int, _frame: FrameType | None) -> None:
        nonlocal pressed, last
        pressed, last = pressed + 1, number
        if pressed == 2:
            os.write(sys.stderr.fileno(), b"finishing the files; press Ctrl-C again to leave them torn\n")
            return
        raise Signalled(number)

    before = _handle_signals(interrupt)
    try:
        yield lambda: Signalled(last)
    finally:  # once interrupted, the process is on its way out: a late Ctrl-C must not change how it ends
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if pressed else handler)


class StopSignals:
    """The request to end the session, made by signals.

    A separate thread reads signals from the pipe the interpreter writes them to. So the second one ends the
    process whatever the session's thread is doing, and the first one may take locks that thread holds.
    """

    def __init__(self) -> None:
        self._requested = Event()
        self._lock = Lock()
        self._callback: Callable[[], None] | None = None
        self._signal: int | None = None

    @property
    def is_requested(self) -> bool:
        """Whether the session's end was requested."""
        return self._requested.is_set()

    @property
    def exit_code(self) -> int:
        """The command's exit code: 0, or as in shells 128 plus the signal."""
        return 0 if self._signal is None else 128 + self._signal

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call ``callback``, from another thread, when the end is requested; at once if it was before."""
        with self._lock:
            self._callback = callback
            is_late = self.is_requested
        if is_late:
            callback()

    def wait(self, seconds: float) -> bool:
        """Wait until the end is requested, at most so long; return whether it is."""
        return self._requested.wait(seconds)

    def handle(self, number: int) -> None:
        """Handle a signal."""
        if self.is_requested:
            _exit_at_once(128 + number)
        with self._lock:
            self._signal = number
            self._requested.set()
            callback = self._callback
        _write_error("ending the session; once more to leave at once\n")
        if callback is not None:
            callback()


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a request to end while inside."""
    signals = StopSignals()
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    reader = Thread(target=_read, args=(readable, signals), name="signals", daemon=True)
    reader.start()
    before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    handlers = _handle_signals(_ignore)
    inside = True

    def restore() -> None:
        """Restore the handlers; also in a forked process, which must not write to its parent's pipe."""
        nonlocal inside
        if inside:
            inside = False
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    os.register_at_fork(after_in_child=restore)
    try:
        yield signals
    finally:
        if inside:
            restore()
            os.write(writable, _OVER)
            reader.join()
            os.close(readable)
            os.close(writable)


def _handle_signals(handler: _Handler) -> dict[signal.Signals, Any]:
    """Handle the signals that this process does not ignore, as ``nohup`` makes it ignore SIGHUP.

    Returns the former handlers.
    """
    handled = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    return {one: signal.signal(one, handler) for one in handled}


def _read(readable: int, signals: StopSignals) -> None:
    while (one := os.read(readable, 1)) not in (_OVER, b""):
        if one[0] in _SIGNALS:
            signals.handle(one[0])


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written the signal to the pipe."""


def _exit_at_once(code: int) -> None:
    _write_error("left at once; --resume goes on\n")
    os._exit(code)


def _write_error(text: str) -> None:
    """Write to standard error past Python's buffers, whose locks another thread may hold."""
    try:
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, text.encode())
    except (OSError, ValueError):
        return
