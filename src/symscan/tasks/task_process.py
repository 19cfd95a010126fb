"""A process that does tasks, as seen by the one that started it."""

from __future__ import annotations

import codecs
import json
import logging
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, Final
from weakref import finalize

from symscan.processes import end, exit_status, start_python
from symscan.tasks.messages import Logged, Reported, Setup
from symscan.tasks.work import TaskLost, TaskOutcome

_SERVE: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from symscan.tasks.worker import serve; serve(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])"
)
_THREADS: Final = "POLARS_MAX_THREADS"
_MOST_BYTES: Final = 1 << 16


class TaskProcess:
    """A process that does one task after another. It starts at once and imports what it needs.

    Parameters
    ----------
    threads
        How many threads polars has there, unless the environment says so.
    preload
        A module that it imports before it is told what to do; empty for none.
    environment
        Variables that it has instead of those of this process; None for these.
    """

    def __init__(self, threads: int, preload: str = "", environment: Mapping[str, str] | None = None) -> None:
        ours, theirs = socket.socketpair()
        lifeline, parent_end = os.pipe()  # never written to: the kernel closes it when this process is gone
        self._scratch = Path(mkdtemp(prefix="symscan-tasks-"))
        try:
            variables = os.environ if environment is None else environment
            self._process = _started(theirs.fileno(), lifeline, threads, preload, variables)
        finally:
            theirs.close()
            os.close(lifeline)
        self.connection = Connection(ours.detach())
        assert self._process.stdout is not None and self._process.stderr is not None
        self.streams = (_Lines(self._process.stdout, "stdout"), _Lines(self._process.stderr, "stderr"))
        self._end = finalize(
            self, _end, self._process, self.connection, self.streams, parent_end, self._scratch
        )

    def begin(self, work: bytes) -> None:
        """Say what the tasks are of, by a pickled :class:`~symscan.tasks.work.Work`."""
        path = tuple(entry for entry in sys.path if isinstance(entry, str))
        self._send(Setup(work, path, _levels(), self._scratch))

    def submit(self, task: Any) -> None:
        """Have it do a task, after those before it."""
        self._send(task)

    def receive(self) -> TaskOutcome | Reported | None:
        """Return its next message, None if it was for a logger; ``connection`` must be readable."""
        try:
            message: TaskOutcome | Reported | Logged = pickle.loads(self.connection.recv_bytes())
        except (OSError, EOFError):
            return TaskLost(exit_status(self._process))
        if not isinstance(message, Logged):
            return message
        logging.getLogger(message.record.name).handle(message.record)
        return None

    def request_end(self) -> None:
        """Have it end by itself, once it does nothing."""
        self.connection.close()

    def close(self, *, waits: bool) -> None:
        """End it; ``waits`` gives it a moment to do so by itself."""
        if waits:
            self.request_end()
            exit_status(self._process)
        for stream in self.streams:
            stream.write_rest()
        self._end()

    def _send(self, message: Any) -> None:
        with suppress(OSError):  # it has ended: receiving says how
            self.connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


class _Lines:
    """Writes the lines that a process prints to a stream of this one, or what a progress bar put there."""

    def __init__(self, pipe: IO[bytes], name: str) -> None:
        self._pipe = pipe
        self._name = name
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self.is_open = True
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._pipe.fileno()

    def write(self) -> None:
        """Write the lines that are there."""
        try:
            content = os.read(self.fileno(), _MOST_BYTES)
        except BlockingIOError:
            return
        self.is_open = bool(content)
        lines, found, rest = (self._rest + self._decode(content)).rpartition("\n")
        self._rest = rest
        self._print(lines + found)

    def write_rest(self) -> None:
        """Write what is left, whole lines or not."""
        left = self._pipe.read() or b""
        self._print(self._rest + self._decode(left, final=True))
        self._rest = ""

    def close(self) -> None:
        """Close the pipe."""
        self._pipe.close()

    def _print(self, text: str) -> None:
        stream = getattr(sys, self._name)
        if text and stream is not None:
            with suppress(OSError, ValueError):  # its reader is gone
                stream.write(text)


def _started(
    connection: int, lifeline: int, threads: int, preload: str, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    path = [entry for entry in sys.path if isinstance(entry, str)]
    return start_python(
        _SERVE,
        [json.dumps(path), str(connection), str(lifeline), preload],
        [connection, lifeline],
        {_THREADS: str(threads), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _levels() -> Mapping[str, int]:
    return {name: logging.getLogger(name or None).level for name in ("", "symscan")}


def _end(
    process: subprocess.Popen[bytes],
    connection: Connection,
    streams: tuple[_Lines, _Lines],
    parent_end: int,
    scratch: Path,
) -> None:
    end(process)
    connection.close()
    for stream in streams:
        stream.close()
    os.close(parent_end)
    shutil.rmtree(scratch, ignore_errors=True)
