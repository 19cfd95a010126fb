"""A process that does tasks, one after another, on its main thread."""

from __future__ import annotations

import gc
import io
import logging
import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import suppress
from importlib import import_module
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TextIO

from symscan.errors import SymscanError
from symscan.processes import end_with_parent
from symscan.tasks.messages import Logged, Reported, Setup
from symscan.tasks.work import (
    Doer,
    Mismatch,
    TaskDone,
    TaskFailed,
    TaskOutcome,
    TaskRefused,
    Work,
    find_maker,
)

_COLLECT_SELDOM: Final = (50_000, 20, 50)
"""As the command line does: few cycles are made, and looking for them costs a twentieth of the time."""


def serve(connection: int, lifeline: int, preload: str = "") -> None:
    """Do tasks until the process that started this one closes the connection.

    Parameters
    ----------
    connection
        The descriptor of the socket that tasks come from.
    lifeline
        The descriptor of a pipe that ends with that process.
    preload
        A module to import before the first message is there; empty for none.
    """
    end_with_parent(lifeline)
    for number in (signal.SIGINT, signal.SIGHUP):  # when a run ends is decided where it was begun
        signal.signal(number, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        _write_lines(stream)
    gc.set_threshold(*_COLLECT_SELDOM)
    if preload:
        import_module(preload)
    with suppress(EOFError, ConnectionError), Connection(connection) as parent:
        _Worker(parent).run()


class _Worker:
    """Makes the doer of its tasks, and answers with what came of each."""

    def __init__(self, parent: Connection) -> None:
        self._parent = parent
        self._sending = threading.Lock()  # a thread of the user's may log while a result is sent

    def run(self) -> None:
        """Do tasks until the connection is closed.

        Raises
        ------
        EOFError
            When it is.
        """
        setup: Setup = self._receive()
        made = self._make(setup)
        while True:
            task = self._receive()
            self._send(self._do(made, task) if callable(made) else made)

    def _make(self, setup: Setup) -> Doer | TaskOutcome:
        """Return what does the tasks, or why nothing does."""
        sys.path[:] = setup.path
        self._forward_logs(setup)
        try:
            work: Work = pickle.loads(setup.work)
            if (fault := _folder_fault(work.folder)) is not None:
                return fault
            return find_maker(work.maker)(work.given, setup.scratch)
        except Exception as error:  # the border of the process: a fault is an outcome
            return _outcome(error)

    def _do(self, doer: Doer, task: Any) -> TaskOutcome:
        try:
            return TaskDone(doer(task, lambda value: self._send(Reported(value))))
        except Exception as error:  # the border of the process: a fault is an outcome
            return _outcome(error)

    def _forward_logs(self, setup: Setup) -> None:
        logging.getLogger().addHandler(_Forward(self))
        for name, level in setup.levels.items():
            logging.getLogger(name or None).setLevel(level)

    def _receive(self) -> Any:
        return pickle.loads(self._parent.recv_bytes())

    def _send(self, message: object) -> None:
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        try:
            with self._sending:
                self._parent.send_bytes(content)
        except OSError:  # nobody waits for it any more
            raise SystemExit(1) from None

    def log(self, record: logging.LogRecord) -> None:
        """Send a record to where the run was begun."""
        self._send(Logged(record))


class _Forward(QueueHandler):
    """Sends records where the run was begun: its handlers write them."""

    def __init__(self, worker: _Worker) -> None:
        super().__init__(worker)  # type: ignore[arg-type]  # what it is put into

    def enqueue(self, record: logging.LogRecord) -> None:
        """Send a record."""
        self.queue.log(record)  # type: ignore[attr-defined]


def _folder_fault(folder: Path) -> TaskRefused | None:
    """Make a folder the current one; returns what is wrong with it."""
    try:
        os.chdir(folder)
    except OSError as error:
        return TaskRefused(f"no folder {folder} that it can use ({error.strerror})")
    return None


def _outcome(error: Exception) -> TaskOutcome:
    if isinstance(error, Mismatch):
        return TaskRefused(error.what)
    if isinstance(error, SymscanError):
        return TaskFailed(str(error))
    return TaskFailed(repr(error), "".join(traceback.format_exception(error)))


def _write_lines(stream: TextIO | None) -> None:
    """Have a stream write whole lines: what several processes print must not mingle."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
