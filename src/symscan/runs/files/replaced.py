"""The results of an earlier run, kept aside until the run that replaces them has some of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from symscan.recording import RECORD_NAME
from symscan.runs.layout import PARTS, REPLACED, SUMMARY


class ReplacedResults:
    """What an earlier run left in a folder.

    Parameters
    ----------
    folder
        The folder of the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / REPLACED

    def exists(self) -> bool:
        """Return whether anything is kept aside."""
        return self._aside.exists()

    def move_all(self) -> None:
        """Move everything aside; results that a run, killed since, has replaced stay unless it had some."""
        here = self._here()
        if self.exists() and not _has_results(self._folder):
            _remove(here)
            return
        self._move(here)

    def move_summary(self) -> None:
        """Move the summary aside, without which a folder is no whole run."""
        if (self._folder / SUMMARY).exists():
            self._move([self._folder / SUMMARY])

    def restore(self) -> None:
        """Move back what was moved; what replaced all of it is removed."""
        moved = list(self._aside.iterdir())
        if [path.name for path in moved] != [SUMMARY]:
            _remove(self._here())
        for path in moved:
            path.replace(self._folder / path.name)
        self._aside.rmdir()

    def remove(self) -> None:
        """Remove what was moved aside, and the lock of a record that is gone."""
        shutil.rmtree(self._aside, ignore_errors=True)
        if not (self._folder / RECORD_NAME).exists():
            (self._folder / f"{RECORD_NAME}.lock").unlink(missing_ok=True)

    def _here(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.name != REPLACED]

    def _move(self, paths: list[Path]) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        if paths:
            self._aside.mkdir()
        for path in paths:
            path.replace(self._aside / path.name)


def _has_results(folder: Path) -> bool:
    return (folder / SUMMARY).exists() or any((folder / PARTS).glob("????-??-??"))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
