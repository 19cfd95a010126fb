"""Start, call and end a scanner's process, from the session's process."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final
from weakref import finalize

from symscan.processes import end, exit_status, kill, start_python
from symscan.scanners.execution.process.messages import Call, Make, Reply
from symscan.scanners.execution.process.transfer import Outbox

_SERVE: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from symscan.scanners.execution.process.worker import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"
)


class ProcessEnded(Exception):
    """The process ended before it answered; the message says how."""


class ChildProcess:
    """A process that makes one scanner and answers calls of it.

    It starts at once and makes its scanner while the session goes on.

    Parameters
    ----------
    make
        Makes the scanner there.

    Attributes
    ----------
    has_answered
        Whether it has answered a call.
    is_killed
        Whether :meth:`kill` ended it.
    """

    def __init__(self, make: Make) -> None:
        self.has_answered = False
        self.is_killed = False
        ours, theirs = socket.socketpair()
        lifeline, parent_end = os.pipe()  # never written to: the kernel closes it when this process is gone
        try:
            self._process = _started(theirs.fileno(), lifeline)
        finally:
            theirs.close()
            os.close(lifeline)
        self._connection = Connection(ours.detach())
        self._outbox = Outbox(self._connection)
        # Also when the interpreter exits: nothing of a session stays behind.
        self._end = finalize(self, _end, self._process, self._connection, parent_end)
        with suppress(OSError):  # it ended at once: the first call says how
            self._outbox.send(make)

    def call(self, call: Call) -> Reply:
        """Send a call and wait for the reply; :meth:`kill` from another thread ends the wait.

        Raises
        ------
        ProcessEnded
            If the process ended before it answered.
        Exception
            Whatever pickling the call or loading the answer raises; the process goes on.
        """
        try:
            self._outbox.send(call)
            answer = self._connection.recv_bytes()
        except (OSError, EOFError):
            how = exit_status(self._process)
            self.end()
            raise ProcessEnded(f"its process ended ({how})") from None
        self.has_answered = True
        reply: Reply = pickle.loads(answer)
        return reply

    def kill(self) -> None:
        """End the process and those it started, at once; from any thread."""
        self.is_killed = True
        kill(self._process)

    def end(self) -> None:
        """End the process and release it; no call may be waiting for a reply."""
        self._end()


def _started(connection: int, lifeline: int) -> subprocess.Popen[bytes]:
    path = [entry for entry in sys.path if isinstance(entry, str)]
    return start_python(
        _SERVE,
        [json.dumps(path), str(connection), str(lifeline)],
        [connection, lifeline],
        stdout=2,  # what a scanner's compiled code prints, too
    )


def _end(process: subprocess.Popen[bytes], connection: Connection, parent_end: int) -> None:
    end(process)
    connection.close()
    os.close(parent_end)
