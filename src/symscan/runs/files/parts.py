"""The parts of a run: one folder per session, renamed when it is whole, joined in the order of dates.

A session's part follows from its own events alone, so that a run has the same bytes whichever session was
played first, and whether it was resumed.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import BinaryIO

from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import writing
from symscan.runs.layout import FIGURES, FOLDERS, JOINED, PARTIAL, PARTS


class RunParts:
    """The folders of a run's sessions.

    Parameters
    ----------
    folder
        The folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts = folder / PARTS

    def committed(self) -> list[date]:
        """Return the sessions that are whole, by date."""
        return sorted(date.fromisoformat(path.name) for path in self._parts.glob("????-??-??"))

    def figures(self, day: date) -> Path:
        """Return the file of a session's figures."""
        return self._path(day) / FIGURES

    def begin(self) -> None:
        """Make the folder of parts; remove what was written of sessions that are not whole."""
        self._parts.mkdir(exist_ok=True)
        for path in self._parts.glob(f"*{PARTIAL}"):
            shutil.rmtree(path)
        kept = {f"{day}.parquet" for day in self.committed()}
        written = [path for name in FOLDERS for path in (self._folder / name).rglob("*.parquet*")]
        for path in written:
            if path.name not in kept:
                path.unlink()

    def start(self, day: date) -> Path:
        """Make and return the folder of a session that begins; what it held is removed."""
        partial = self._partial(day)
        for path in (partial, self._path(day)):
            shutil.rmtree(path, ignore_errors=True)
        partial.mkdir(parents=True)
        return partial

    def put(self, day: date, files: Mapping[str, bytes], part: Mapping[str, bytes]) -> None:
        """Write what another process made of a session; :meth:`commit` marks it as whole.

        Parameters
        ----------
        files
            Its files in the run's folder, by their paths there.
        part
            Its parts of the files of the whole run, by name.
        """
        partial = self.start(day)
        for name, content in files.items():
            path = self._folder / name
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as temporary:
                    temporary.write_bytes(content)
        for name, content in part.items():
            with writing(partial / name) as path:
                path.write_bytes(content)

    def commit(self, day: date) -> None:
        """Mark a session as whole."""
        self._partial(day).rename(self._path(day))

    def join(self, headers: Mapping[str, str], optional: Collection[str] = ()) -> None:
        """Write the files of the whole run.

        Parameters
        ----------
        headers
            What each file begins with.
        optional
            The files that are written only where any part has them.
        """
        folders = [path for path in sorted(self._parts.glob("*")) if path.is_dir()]
        for name in JOINED:
            parts = [path / name for path in folders if (path / name).exists()]
            if parts or name not in optional:
                self._join(self._folder / name, parts, headers[name])
            else:
                (self._folder / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the parts: the run is complete."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def _join(self, path: Path, parts: Sequence[Path], header: str) -> None:
        with writing(path), replacing(path) as temporary, temporary.open("wb") as target:
            target.write(header.encode())
            _append(target, parts)

    def _path(self, day: date) -> Path:
        return self._parts / day.isoformat()

    def _partial(self, day: date) -> Path:
        return self._parts / f"{day}{PARTIAL}"


def _append(target: BinaryIO, parts: Iterable[Path]) -> None:
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, target)
