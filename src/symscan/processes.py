"""Start processes of our own, watch them, and see to it that none outlives the process that started it."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

_ENDING_SECONDS: Final = 1.0
"""How long a process that closed its connection is given to end by itself before it is killed."""

_KILLED_SECONDS: Final = 5.0
"""How long a killed process is waited for; only a disk that does not answer keeps it."""


def start_python(
    code: str,
    arguments: Sequence[str],
    descriptors: Sequence[int],
    environment: Mapping[str, str] | None = None,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Start a process of this Python: a command of its own, never a copy of this one or its main module.

    Threads, locks and polars' pool do not survive a fork, and a main module may do anything when it is
    imported again. Ctrl-C reaches this process alone; what the new one starts ends with it.

    Parameters
    ----------
    code
        What it runs; ``arguments`` are its ``sys.argv[1:]``.
    descriptors
        The open files it inherits.
    environment
        Its variables; None for those of this process.
    streams
        ``stdout`` and ``stderr`` as ``subprocess.Popen`` takes them.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        pass_fds=tuple(descriptors),
        env=None if environment is None else dict(environment),
        process_group=0,
        **streams,
    )


def exit_status(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process that is about to end, and return how it ended: ``signal SIGKILL``."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ENDING_SECONDS)
    _kill_group(process)  # also what it started and left behind
    code = process.wait()
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and those it started, at once; from any thread."""
    if process.returncode is None:  # not waited for, so its number cannot be another group's
        _kill_group(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process at once and wait until it is gone."""
    kill(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_KILLED_SECONDS)


def end_with_parent(lifeline: int) -> None:
    """Have the kernel end this process, and those it starts, when its parent is gone, however that ended.

    Code that spins never reads its connection, and compiled code may let no other thread read it.

    Parameters
    ----------
    lifeline
        The descriptor of a pipe that is never written to: the kernel closes it when the parent is gone.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it was gone before the kernel was asked
        raise SystemExit(1)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
