"""Check who may write a record: what it holds is run as this user, so no other user may write it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from filelock import FileLock

from symscan.errors import DataError
from symscan.locking import lock_file

RECORD_MODE: Final = 0o644
FOLDER_MODE: Final = 0o755
"""Modes of records and their folders, whatever the umask."""

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_TAILS: Final = ("", "-wal", "-journal")
"""The suffixes of the record and of the files from which SQLite recovers what is not yet in it."""


def make_private(record: Path) -> None:
    """Create an empty record that only this user may write; an existing one stays as it is.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    os.close(os.open(record, os.O_CREAT | os.O_WRONLY, RECORD_MODE))


def lock_record(record: Path) -> FileLock:
    """Lock a record for one writer until it is released or the process ends; readers are not kept out.

    Raises
    ------
    DataError
        If a living process holds it, or the folder cannot be written.
    """
    return lock_file(
        record.with_name(record.name + ".lock"),
        busy=f"{record}: a running process is writing this record; end it first, or choose another --out",
        unwritable="the session's record cannot be written",
    )


def check_private(record: Path, user: int | None = None) -> None:
    """Refuse a record that another user may have written.

    Parameters
    ----------
    record
        An existing file.
    user
        The required owner; None for the user of this process.

    Raises
    ------
    DataError
        If the record or its folder belongs to another user, or others may write one of them.
    """
    owner = os.geteuid() if user is None else user
    for path in _parts(record):
        found = path.stat()
        if found.st_uid != owner:
            raise DataError(
                f"{path}: it belongs to another user (uid {found.st_uid}), and what it holds would be run as "
                f"yours (uid {owner}); copy the folder to one of your own if you trust where it comes from"
            )
        if found.st_mode & _OTHERS_WRITE:
            raise DataError(
                f"{path}: other users may write it (mode {stat.S_IMODE(found.st_mode):o}), and what it holds "
                f"would be run as yours; if you trust it: chmod go-w {path}"
            )


def _parts(record: Path) -> Iterator[Path]:
    yield record.absolute().parent
    for tail in _TAILS:
        path = record.with_name(record.name + tail)
        if path.exists():
            yield path
