"""Write the files of one session: each whole under another name, then renamed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl
from msgspec import Struct

from symscan.runs.files.writing import writing
from symscan.runs.hit_values import FILE_KEY, ValueNotes
from symscan.runs.layout import EPISODES, HITS, PARTIAL, VALUES, episodes_file, hits_file, values_file

_FAST: Final = 1
_SMALL: Final = 3
"""Levels of compression: the higher one saves a twentieth of the hits, and nothing of the others."""


class ScannerValues(Struct, frozen=True):
    """What one scanner said of its hits in a session: the columns of its file, and the notes on them."""

    frame: pl.DataFrame
    notes: ValueNotes


class SessionFiles(Struct, frozen=True):
    """The Parquet files of one session.

    Attributes
    ----------
    folder
        The folder of the run.
    day
        The session's date.
    """

    folder: Path
    day: date

    def write(self, hits: pl.DataFrame, values: Mapping[str, ScannerValues], episodes: pl.DataFrame) -> None:
        """Write all of them anew; a scanner without values has no file.

        Raises
        ------
        RunError
            If one cannot be written.
        """
        self._remove()
        _write(hits_file(self.folder, self.day), hits, level=_SMALL)
        for scanner, given in values.items():
            _write(values_file(self.folder, scanner, self.day), given.frame, given.notes)
        _write(episodes_file(self.folder, self.day), episodes)

    def _remove(self) -> None:
        for path in self._paths():
            path.unlink(missing_ok=True)

    def _paths(self) -> Iterator[Path]:
        values = self.folder / VALUES
        scanners = list(values.iterdir()) if values.is_dir() else []
        for folder in (self.folder / HITS, self.folder / EPISODES, *scanners):
            if folder.is_dir():
                yield folder / f"{self.day}.parquet"
                yield folder / f"{self.day}.parquet{PARTIAL}"


def _write(path: Path, frame: pl.DataFrame, notes: ValueNotes | None = None, level: int = _FAST) -> None:
    metadata = None if notes is None else {FILE_KEY: notes.to_text()}
    content = io.BytesIO()  # polars itself does not say what is wrong with a disk
    # Of a session's rows nothing is worth skipping: statistics would be a sixth of a small file.
    frame.write_parquet(
        content, compression="zstd", compression_level=level, statistics=False, metadata=metadata
    )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(content.getbuffer())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the temporary path of a file, renamed to its own when the block ends, removed if it raises."""
    temporary = path.with_name(f"{path.name}{PARTIAL}")
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    temporary.replace(path)
