"""A copy of the project's folder that is made of links, in which single files are others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from shutil import rmtree


class ProjectCopy:
    """The folder that scanners find themselves in: the project's, but for the files that are replaced.

    So a scanner that opens a file by a relative path has the changed one before it, too.

    Parameters
    ----------
    original
        The folder of the project.
    folder
        Where the copy is made; it must not exist.
    linked
        What is elsewhere in the copy, by the relative path: the store.
    """

    def __init__(self, original: Path, folder: Path, linked: Mapping[str, Path]) -> None:
        self._original = original
        self.folder = folder
        self._replaced: list[PurePath] = []
        folder.mkdir()
        _link_all(original, folder)
        for name, target in linked.items():
            self._prepared(PurePath(name)).symlink_to(target)

    def replace(self, files: Mapping[str, bytes]) -> None:
        """Replace files by their relative paths; those replaced before are the project's again."""
        for path in self._replaced:
            self._restore(path)
        self._replaced = [PurePath(name) for name in files]
        for name, content in files.items():
            self._prepared(PurePath(name)).write_bytes(content)

    def _prepared(self, path: PurePath) -> Path:
        """Return a place in the copy where there is nothing, in folders that are its own."""
        here = self.folder
        for part in path.parts[:-1]:
            here = here / part
            if here.is_symlink():
                target = here.readlink()
                here.unlink()
                here.mkdir()
                _link_all(target, here)
            else:
                here.mkdir(exist_ok=True)
        here = here / path.parts[-1]
        if here.is_symlink() or here.is_file():
            here.unlink()
        elif here.is_dir():
            rmtree(here)
        return here

    def _restore(self, path: PurePath) -> None:
        place = self._prepared(path)
        original = self._original / path
        if original.exists():
            place.symlink_to(original)


def _link_all(original: Path, folder: Path) -> None:
    with os.scandir(original) as entries:
        for entry in entries:
            (folder / entry.name).symlink_to(entry.path)
