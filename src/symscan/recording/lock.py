"""Lock a record for one writer; the operating system releases the lock when its holder dies."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from symscan.errors import DataError


class RecordLock:
    """A lock held from its creation until it is released or the process ends.

    It is SQLite's own lock of an empty file beside the record, so that it works wherever SQLite does
    and readers of the record are not kept out.

    Raises
    ------
    DataError
        If a living process holds it, or the folder cannot be written.
    """

    def __init__(self, record: Path) -> None:
        path = record.with_name(record.name + ".lock")
        try:
            self._held = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise DataError(f"{path}: {error}; the session's record cannot be written") from None
            raise DataError(
                f"{record}: a running process is writing this record; end it first, or choose another --out"
            ) from None

    def release(self) -> None:
        """Release the lock."""
        self._held.close()
