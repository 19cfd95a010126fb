"""The files of a run's folder: written under temporary names, renamed together when complete."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from symscan.errors import InputError, RunError
from symscan.recording import RECORD_NAME

JOURNAL: Final = "journal.jsonl"
SUMMARY: Final = "summary.json"
RESULTS: Final = ("hits.csv", "scans.csv", "unknown.csv", "trades.csv", JOURNAL, SUMMARY)
PROGRESS: Final = "progress.json"

_PARTIAL: Final = ".partial"
_REPLACED: Final = ".replaced"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ResultFiles:
    """The temporary files of a run's results.

    Whatever an earlier run left in the folder stays until :meth:`put_in_place`.

    Parameters
    ----------
    folder
        An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()  # a scanner may change the current folder

    def path(self, name: str) -> Path:
        """Return the temporary path of a file."""
        return self._folder / f"{name}{_PARTIAL}"

    def begin(self, sizes: Mapping[str, int] = MappingProxyType({})) -> None:
        """Remove the temporary files, but keep the given number of bytes of those in ``sizes``.

        Raises
        ------
        InputError
            If a file to be continued has fewer.
        """
        for name in RESULTS:
            if name in sizes:
                self._keep_rows(name, sizes[name])
            else:
                self.path(name).unlink(missing_ok=True)

    def sizes(self) -> dict[str, int]:
        """Return how many bytes each file has."""
        paths = ((name, self.path(name)) for name in RESULTS if name != SUMMARY)
        return {name: path.stat().st_size for name, path in paths if path.exists()}

    def publish_files(self) -> None:
        """Rename the temporary files to the run's results."""
        for name in RESULTS:
            if self.path(name).exists():
                self.path(name).replace(self._folder / name)
            else:
                (self._folder / name).unlink(missing_ok=True)
        for path in self._folder.glob(f"{RECORD_NAME}{_REPLACED}*"):
            path.unlink()
        if not (self._folder / RECORD_NAME).exists():
            (self._folder / f"{RECORD_NAME}.lock").unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the temporary files; the previous results stay."""
        for name in RESULTS:
            self.path(name).unlink(missing_ok=True)
        moved = list(self._folder.glob(f"{RECORD_NAME}{_REPLACED}*"))
        if moved:
            for path in self._folder.glob(f"{RECORD_NAME}*"):
                if path not in moved:
                    path.unlink()
        for path in moved:
            path.replace(path.with_name(path.name.replace(_REPLACED, "", 1)))

    def move_record_aside(self) -> None:
        """Rename an existing session record; :meth:`discard` restores it."""
        if not (self._folder / RECORD_NAME).exists():
            return
        for path in self._folder.glob(f"{RECORD_NAME}{_REPLACED}*"):
            path.unlink()
        for tail in ("-wal", "-shm", ""):
            path = self._folder / f"{RECORD_NAME}{tail}"
            if path.exists():
                path.replace(self._folder / f"{RECORD_NAME}{_REPLACED}{tail}")

    def _keep_rows(self, name: str, size: int) -> None:
        temporary, final = self.path(name), self._folder / name
        if not _has_bytes(temporary, size):
            if not _has_bytes(final, size):
                raise InputError(
                    f"{final}: it is shorter than it was when the run was broken off; begin anew with --force"
                )
            shutil.copyfile(final, temporary)
        os.truncate(temporary, size)


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{folder}: a running process is writing its results there; wait for it or end it, "
                "or choose another --out"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)


def write_error(path: Path, error: OSError) -> RunError:
    """Make an error that names the file and a remedy."""
    where = path.with_name(path.name.removesuffix(_PARTIAL))
    return RunError(f"{where}: {error.strerror}; {remedy(error)}")


def remedy(error: OSError) -> str:
    """Suggest what to do about a file that cannot be written."""
    if error.errno in _NO_ROOM:
        return "free some space there, then go on with --resume"
    return "see to it that the folder can be written, then go on with --resume"


def is_result(name: str) -> bool:
    """Return whether runs write a file of this name."""
    return name.removesuffix(_PARTIAL) in (*RESULTS, PROGRESS) or name.startswith(RECORD_NAME)


def _has_bytes(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size >= size
