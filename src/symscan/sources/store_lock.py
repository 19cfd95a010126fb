"""One writer at a time: a lock that the operating system gives back when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from symscan.errors import DataError

LOCK_NAME: Final = "import.lock"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the store's lock.

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
        try:
            _acquire(file)
        except OSError:
            raise DataError(
                f"{root}: another import is writing to this store; try again when it is done"
            ) from None
        yield


if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _acquire(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
