"""The files of a run's folder: written under temporary names, put in place together when they are whole."""

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
_ASIDE: Final = ".replaced"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class ResultFiles:
    """Where a run's results are written while it goes on.

    Whatever an earlier run left in the folder stays until :meth:`put_in_place`.

    Parameters
    ----------
    folder
        An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()  # a scanner may change the current folder

    def path(self, name: str) -> Path:
        """Where a file is written until all are put in place."""
        return self._folder / f"{name}{_PARTIAL}"

    def begin(self, sizes: Mapping[str, int] = MappingProxyType({})) -> None:
        """Begin all files anew, but those of ``sizes`` with so many bytes of what is there.

        Raises
        ------
        InputError
            If a file that is to be gone on with has fewer.
        """
        for name in RESULTS:
            if name in sizes:
                self._store_rows(name, sizes[name])
            else:
                self.path(name).unlink(missing_ok=True)

    def sizes(self) -> dict[str, int]:
        """How many bytes each file has by now."""
        paths = ((name, self.path(name)) for name in RESULTS if name != SUMMARY)
        return {name: path.stat().st_size for name, path in paths if path.exists()}

    def put_in_place(self) -> None:
        """Let what was written be the run's results."""
        for name in RESULTS:
            if self.path(name).exists():
                self.path(name).replace(self._folder / name)
            else:
                (self._folder / name).unlink(missing_ok=True)
        for path in self._folder.glob(f"{RECORD_NAME}{_ASIDE}*"):
            path.unlink()
        if not (self._folder / RECORD_NAME).exists():
            (self._folder / f"{RECORD_NAME}.lock").unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what was written; what was there before is the run's results again."""
        for name in RESULTS:
            self.path(name).unlink(missing_ok=True)
        aside = list(self._folder.glob(f"{RECORD_NAME}{_ASIDE}*"))
        if aside:
            for path in self._folder.glob(f"{RECORD_NAME}*"):
                if path not in aside:
                    path.unlink()
        for path in aside:
            path.replace(path.with_name(path.name.replace(_ASIDE, "", 1)))

    def set_record_aside(self) -> None:
        """Make room for another session's record; :meth:`discard` brings the one that is there back."""
        if not (self._folder / RECORD_NAME).exists():
            return
        for path in self._folder.glob(f"{RECORD_NAME}{_ASIDE}*"):
            path.unlink()
        for tail in ("-wal", "-shm", ""):
            path = self._folder / f"{RECORD_NAME}{tail}"
            if path.exists():
                path.replace(self._folder / f"{RECORD_NAME}{_ASIDE}{tail}")

    def _store_rows(self, name: str, size: int) -> None:
        temporary, final = self.path(name), self._folder / name
        if not _reaches(temporary, size):
            if not _reaches(final, size):
                raise InputError(
                    f"{final}: it is shorter than it was when the run was broken off; begin anew with --force"
                )
            shutil.copyfile(final, temporary)
        os.truncate(temporary, size)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other process from writing this folder; given back however this one ends.

    Raises
    ------
    InputError
        If another process writes it.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{folder}: a running process is writing its results there; wait for it or end it, "
                "or choose another --out"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(held)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file where the system refuses to write it, and what to do.

    Raises
    ------
    RunError
        If it does.
    """
    try:
        yield
    except OSError as error:
        where = path.with_name(path.name.removesuffix(_PARTIAL))
        raise RunError(f"{where}: {error.strerror}; {remedy(error)}") from None


def remedy(error: OSError) -> str:
    """What to do about a file that cannot be written."""
    if error.errno in _NO_ROOM:
        return "free some space there, then go on with --resume"
    return "see to it that the folder can be written, then go on with --resume"


def is_result(name: str) -> bool:
    """Whether a file of this name is one that runs write."""
    return name.removesuffix(_PARTIAL) in (*RESULTS, PROGRESS) or name.startswith(RECORD_NAME)


def _reaches(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size >= size
