"""The first thing a process of an audit does: walls, then everything else."""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, Final

from symscan.research.audit.child.project import ProjectCopy
from symscan.research.audit.child.walls import Walls, build_walls

MAKER: Final = "symscan.research.audit.child.entry:make_player"
"""Where other processes find :func:`make_player`."""

_STORE: Final = "SYMSCAN_STORE"

PLAYER: Final = "symscan.research.audit.child.player"
"""What a process without walls may import before it is told what to do."""


@dataclass(frozen=True, slots=True)
class GivenAudit:
    """What a process of an audit is given; nothing of it needs an import that reads files.

    Attributes
    ----------
    config
        The pickled configuration.
    project
        The project's folder.
    store
        The folder of the store that plays start from.
    shown
        What leads to the store in the project's folder, if anything does.
    walls
        What it may read, None for all; its folder for files is added.
    modules
        Where modules are that an import would have to look for, by their names.
    files
        What takes the place of the project's files behind the walls.
    """

    config: bytes
    project: Path
    store: Path
    shown: str | None = None
    walls: Walls | None = None
    modules: Mapping[str, str] | None = None
    files: Mapping[str, bytes] | None = None


def make_player(given: GivenAudit, scratch: Path) -> Callable[[Any, Any], Any]:
    """Make what plays sessions in this process."""
    store = scratch / "store" if given.walls is None else given.store
    linked = {} if given.shown is None else {given.shown: store}
    copy = ProjectCopy(given.project, scratch / "project", linked)
    denials = None
    if given.walls is not None:
        copy.replace(given.files or {})
        own = str(scratch.resolve())
        walls = Walls(given.walls.files, (*given.walls.folders, own), given.walls.modules)
        sys.meta_path.insert(0, _KnownModules(given.modules or {}))
        denials = build_walls(walls)
    os.chdir(copy.folder)
    if given.walls is None:
        os.environ[_STORE] = str(store)
    else:
        os.environ.pop(_STORE, None)
    from symscan.research.audit.child.player import Player

    return Player(pickle.loads(given.config), given.store, store, copy, denials)


class _KnownModules:
    """Finds modules without a look into their folders."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: Any = None
    ) -> ModuleSpec | None:
        """Return where a module is, None if it is none of these."""
        file = self._files.get(name)
        if file is None:
            return None
        folders = [str(Path(file).parent)] if Path(file).stem == "__init__" else None
        return importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
