"""Keep standard output for the command itself: redirect the output of plug-ins to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Final, TextIO

_OUT: Final = 1
_ERR: Final = 2


@contextmanager
def redirect_plugin_output() -> Iterator[TextIO]:
    """Redirect standard output to standard error while inside; yields the former.

    Compiled code and other processes, which write to the descriptor, are redirected as well.
    """
    stdout = sys.stdout
    if not _is_process_stdout(stdout):
        with redirect_stdout(sys.stderr):
            yield stdout
        return
    stdout.flush()
    kept = os.dup(_OUT)
    _redirect(_OUT, to=_ERR)
    own_stream = os.fdopen(kept, "w", encoding=stdout.encoding, errors=stdout.errors)
    # A separate file: a scanner that closes it does not close ours.
    plugin_stream = os.fdopen(_OUT, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.stdout = plugin_stream
    try:
        yield own_stream
    finally:
        sys.stdout = stdout
        for stream in (plugin_stream, own_stream):
            with suppress(OSError, ValueError):  # closed, or nobody reads it any more
                stream.flush()
        os.dup2(kept, _OUT)
        for stream in (plugin_stream, own_stream):
            with suppress(OSError, ValueError):
                stream.close()


def _is_process_stdout(stream: TextIO | None) -> bool:
    """Whether a stream writes to the descriptor of standard output."""
    try:
        return stream is not None and stream.fileno() == _OUT
    except (OSError, ValueError):
        return False


def _redirect(descriptor: int, *, to: int) -> None:
    """Point a descriptor to another's file, or to the null device if that is closed."""
    try:
        os.dup2(to, descriptor)
    except OSError:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, descriptor)
        os.close(devnull)
