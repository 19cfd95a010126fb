"""Signals as wishes: the first asks a live session to end in order, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from types import FrameType
from typing import Final

from symscan.cli.errors import heeded

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OVER: Final = b"\0"


class StopSignals:
    """Whether the session is to end, and whom to ask.

    Signals are read by a thread of its own from the pipe the interpreter writes them to. So the second one
    ends the process whatever the session's thread is in, and the first one may take locks that thread holds.
    """

    def __init__(self) -> None:
        self._asked = Event()
        self._lock = Lock()
        self._ask: Callable[[], None] | None = None
        self._signal: int | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the session is to end."""
        return self._asked.is_set()

    @property
    def exit_code(self) -> int:
        """What the command ends with: 0, or as shells have it 128 and the signal that ended it."""
        return 0 if self._signal is None else 128 + self._signal

    def on_stop(self, ask: Callable[[], None]) -> None:
        """Call ``ask``, from another thread, when the session is to end; at once if that was said before."""
        with self._lock:
            self._ask = ask
            is_late = self.is_asked
        if is_late:
            ask()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the session is to end; returns whether it is."""
        return self._asked.wait(seconds)

    def take(self, number: int) -> None:
        """Do what a signal means."""
        if self.is_asked:
            _leave(128 + number)
        with self._lock:
            self._signal = number
            self._asked.set()
            ask = self._ask
        _say("ending the session; once more to leave at once\n")
        if ask is not None:
            ask()


@contextmanager
def stopping() -> Iterator[StopSignals]:
    """Take Ctrl-C, SIGTERM and SIGHUP as wishes while inside."""
    stopping = StopSignals()
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    reader = Thread(target=_read, args=(readable, stopping), name="signals", daemon=True)
    reader.start()
    before = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    handlers = {one: signal.signal(one, _ignore) for one in heeded(_SIGNALS)}
    inside = True

    def restore() -> None:
        """As before; in a forked process, which must not speak for its parent, too."""
        nonlocal inside
        if inside:
            inside = False
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    os.register_at_fork(after_in_child=restore)
    try:
        yield stopping
    finally:
        if inside:
            restore()
            os.write(writable, _OVER)
            reader.join()
            os.close(readable)
            os.close(writable)


def _read(readable: int, stopping: StopSignals) -> None:
    while (one := os.read(readable, 1)) not in (_OVER, b""):
        if one[0] in _SIGNALS:
            stopping.take(one[0])


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """The interpreter has written the signal to the pipe already."""


def _leave(code: int) -> None:
    _say("left at once; --resume goes on\n")
    os._exit(code)


def _say(text: str) -> None:
    """Past Python's buffers, which the thread that was stopped may hold."""
    try:
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, text.encode())
    except (OSError, ValueError):
        return
