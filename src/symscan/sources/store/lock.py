"""The store's writer lock, which the operating system releases when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Final

from symscan.errors import DataError

LOCK_NAME: Final = "import.lock"

_BETWEEN_TRIES: Final = 0.05
"""Seconds."""


@contextmanager
def locked(root: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the store's lock.

    Parameters
    ----------
    root
        The store's folder.
    wait_seconds
        How long to wait for another holder.

    Raises
    ------
    DataError
        If another process holds it, or the store cannot be written.
    """
    path = root / LOCK_NAME
    try:
        file = path.open("a+b")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; the bar store cannot be written") from None
    with file:
        deadline = monotonic() + wait_seconds
        while not _is_acquired(file):
            if monotonic() >= deadline:
                raise DataError(f"{root}: another import is writing to this store; try again when it is done")
            sleep(_BETWEEN_TRIES)
        yield


def _is_acquired(file: IO[bytes]) -> bool:
    try:
        _acquire(file)
    except OSError:
        return False
    return True


if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _acquire(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
