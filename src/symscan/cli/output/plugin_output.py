"""Standard output for what a command itself writes: whatever plug-ins print goes to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Final, TextIO

_OUT: Final = 1
_ERR: Final = 2


@contextmanager
def own_output() -> Iterator[TextIO]:
    """Yields standard output; inside, all else that is written there lands on standard error.

    That holds for ``print`` as for compiled code and other processes, which write to the descriptor.
    """
    ours = sys.stdout
    if not _is_the_process_s(ours):
        with redirect_stdout(sys.stderr):
            yield ours
        return
    ours.flush()
    kept = os.dup(_OUT)
    _point(_OUT, to=_ERR)
    own = os.fdopen(kept, "w", encoding=ours.encoding, errors=ours.errors)
    # A file of its own: a scanner that closes it closes nothing of ours.
    theirs = os.fdopen(_OUT, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.stdout = theirs
    try:
        yield own
    finally:
        sys.stdout = ours
        for stream in (theirs, own):
            with suppress(OSError, ValueError):  # closed, or nobody reads it any more
                stream.flush()
        os.dup2(kept, _OUT)
        for stream in (theirs, own):
            with suppress(OSError, ValueError):
                stream.close()


def _is_the_process_s(stream: TextIO | None) -> bool:
    """Whether a stream writes to the descriptor that other code knows as standard output."""
    try:
        return stream is not None and stream.fileno() == _OUT
    except (OSError, ValueError):
        return False


def _point(descriptor: int, *, to: int) -> None:
    """Let a descriptor mean what another does; nothing, where that one was closed."""
    try:
        os.dup2(to, descriptor)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
