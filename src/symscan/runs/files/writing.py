"""Write a run's folder: one process at a time, with errors that name the file and a remedy."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from symscan.errors import InputError, RunError
from symscan.runs.layout import PARTIAL, PARTS

RESUME: Final = "go on with --resume"
"""What to do once a run can be written again."""
TRY_AGAIN: Final = "try again"
"""The same of a file that is no part of a run."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Lock the folder for this process; the lock ends with it.

    Raises
    ------
    InputError
        If another process writes it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not _is_locked(descriptor):
            raise InputError(
                f"{folder}: a running process is writing its results there; wait for it or end it, "
                "or choose another --out"
            )
        yield
    finally:
        os.close(descriptor)


def is_being_written(folder: Path) -> bool:
    """Return whether a running process writes the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return not _is_locked(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(path: Path, then: str = RESUME) -> Iterator[Path]:
    """Yield a path; convert an OSError to one that names the file as users know it, and a remedy.

    Raises
    ------
    RunError
        If it does.
    """
    try:
        yield path
    except OSError as error:
        raise write_error(path, error, then) from None


def write_error(path: Path, error: OSError, then: str = RESUME) -> RunError:
    """Make an error that names the file as users know it, and a remedy."""
    return RunError(f"{_known_path(path)}: {error.strerror or error}; {_remedy(error)}, then {then}")


def _is_locked(descriptor: int) -> bool:
    """Lock an open folder; returns whether this process has it now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _known_path(path: Path) -> Path:
    """Return the file of the whole run that a part will be in, or the file that a temporary one will be."""
    if PARTS in path.parts:
        home = path.parts[: len(path.parts) - 1 - path.parts[::-1].index(PARTS)]
        path = Path(*home, path.name)
    return path.with_name(path.name.removesuffix(PARTIAL))


def _remedy(error: OSError) -> str:
    if error.errno in _NO_ROOM:
        return "free some space there"
    return "see to it that the folder can be written"
