"""Lock a file for one process; the operating system releases the lock when its holder dies."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from filelock import FileLock, Timeout

from symscan.errors import DataError


def lock_file(path: Path, *, busy: str, unwritable: str, wait_seconds: float = 0.0) -> FileLock:
    """Lock a file, which is made if there is none, until the lock is released or the process ends.

    Parameters
    ----------
    busy
        The whole message where another process holds it.
    unwritable
        What the file is needed for: ends the message where it cannot be made.
    wait_seconds
        How long to wait for another holder.

    Raises
    ------
    DataError
        If another process holds it, or it cannot be made.
    """
    # A lock that is a mere file would outlive its holder.
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        if not path.parent.is_dir():  # which filelock would make
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise DataError(busy) from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; {unwritable}") from None
    return lock
