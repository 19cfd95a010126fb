"""The process that sends alerts, as the session that decides them sees it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from symscan.alerts.sender import START
from symscan.model.events.alerts import AlertDecided
from symscan.model.events.session import Event
from symscan.model.session import Session
from symscan.processes import start_python

_MOST_STARTS: Final = 10
_CLOSING_SECONDS: Final = 5.0


class AlertSender:
    """Starts the process that sends alerts, wakes it, and starts it again if it ended.

    It is an announcer: the record is there when it is given the first event.

    Parameters
    ----------
    folder
        The folder of the session.
    report
        Called with a line when the process ends too often.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self._folder, self._report = folder.absolute(), report
        self._process: subprocess.Popen[bytes] | None = None
        self._wake = -1
        self._starts = 0

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's arguments
        """Wake the process for what was decided; any event finds out whether it runs."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        if isinstance(event, AlertDecided) and self._wake >= 0:
            with suppress(BlockingIOError, BrokenPipeError):  # it is awake; it ended just now
                os.write(self._wake, b"!")

    def close(self) -> None:
        """Let the process send what is left, which is waited for, but not for long."""
        self._close_pipe()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_CLOSING_SECONDS)

    def _start(self) -> None:
        if self._starts >= _MOST_STARTS:
            return
        self._starts += 1
        if self._starts == _MOST_STARTS:
            self._report("alerts: the process that sends them ended too often; it is not started again")
            return
        self._close_pipe()
        try:
            self._start_process()
        except OSError as error:  # no more processes or files: the session goes on without
            self._report(f"alerts: the process that sends them cannot be started: {error.strerror}")

    def _start_process(self) -> None:
        read, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        try:
            arguments = [str(self._folder), str(read)]
            self._process = start_python(START, arguments, [read], stdout=subprocess.DEVNULL)
        finally:
            os.close(read)

    def _close_pipe(self) -> None:
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1
