"""Have processes play what an audit has planned: each family in one of its own."""

from __future__ import annotations

import importlib.util
import os
import pickle
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import symscan
from symscan.clock.calendar_cache import default_folder
from symscan.errors import InputError, SymscanError, WorkerLost
from symscan.research.audit.child.entry import MAKER, PLAYER, GivenAudit
from symscan.research.audit.child.play import FamilyResult, Plays
from symscan.research.audit.child.stores import link_store
from symscan.research.audit.child.walls import Walls
from symscan.research.audit.planning.plan import Family
from symscan.research.audit.planning.subject import Subject, universe_of
from symscan.research.audit.planning.universes import universe_files
from symscan.scanners.universe import universe_homes
from symscan.tasks.fresh import FreshTask, run_fresh
from symscan.tasks.work import Work

ShowFamily = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much."""

_SYSTEM: Final = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/proc", "/dev"),
    *("/sys/devices/system/cpu", "/sys/fs/cgroup", "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone"),
    *("/etc/ssl", "/System/Library", "/usr/share/locale"),
)
"""What every process of Python reads."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What scanners were found to import and to load.

    Attributes
    ----------
    modules
        The files of code that are neither Python's nor installed, by their names.
    universes
        The file of each scanner's universe.
    """

    modules: Mapping[str, str] = field(default_factory=dict)
    universes: Mapping[str, Path | None] = field(default_factory=dict)

    def with_result(self, said: FamilyResult) -> Foreign:
        """Return it with what a process said."""
        return Foreign({**self.modules, **said.modules}, {**said.universes, **self.universes})


class AuditRunner:
    """Plays families in processes, over copies of the store in a folder of its own.

    Parameters
    ----------
    folder
        For the copies.
    jobs
        How many processes there are at a time.
    """

    def __init__(self, subject: Subject, folder: Path, jobs: int, show: ShowFamily) -> None:
        self._subject = subject
        self._jobs = jobs
        self._show = show
        self._project = Path.cwd()
        self._base, self._walled = folder / "base", folder / "behind walls"
        days = [session.date for session in subject.sessions]
        for place in (self._base, self._walled):
            link_store(subject.store.root, place, days)
        self._config = pickle.dumps(subject.config, pickle.HIGHEST_PROTOCOL)

    def run(self, families: Sequence[Family], foreign: Foreign) -> Iterator[tuple[Family, FamilyResult]]:
        """Play families; yields each with what came of it, as it is done.

        Raises
        ------
        InputError
            If a process ended by itself, or could not play at all.
        """
        tasks = [self._task(one, foreign) for one in families]
        done = 0
        try:
            for place, said in run_fresh(tasks, self._jobs):
                done += 1
                self._show(families[place].name, done, len(families))
                yield families[place], said
        except WorkerLost as error:
            raise InputError(f"the audit cannot go on: {error}") from None
        except SymscanError as error:
            raise InputError(str(error)) from None

    def _task(self, family: Family, foreign: Foreign) -> FreshTask:
        plays = Plays(family.name, tuple(step.play for step in family.steps))
        given = GivenAudit(self._config, self._project, self._base, self._shown())
        if family.walled:
            given = GivenAudit(
                self._config,
                self._project,
                self._walled,
                None,  # so that only the session itself leads to its store
                self._walls(foreign),
                dict(foreign.modules),
                self._own_tables(),
            )
        preload = "" if family.walled else PLAYER
        return FreshTask(Work(MAKER, given, self._project), plays, family.variables(), preload)

    def _shown(self) -> str | None:
        """Return what leads to the store from the project's folder."""
        store, project = self._subject.store.root.resolve(), self._project.resolve()
        return (
            store.relative_to(project).as_posix()
            if store.is_relative_to(project) and store != project
            else None
        )

    def _own_tables(self) -> dict[str, bytes]:
        """Return the declared tables; behind walls are copies, which only a relative path finds."""
        names = {one.file for _, made in self._subject.scanners.values() for one in made.tables.files}
        folders = (self._project, self._subject.config.file.resolve().parent)
        found = {
            name: next((folder / name for folder in folders if (folder / name).is_file()), None)
            for name in sorted(names)
            if not Path(name).is_absolute()
        }
        return {name: path.read_bytes() for name, path in found.items() if path is not None}

    def _walls(self, foreign: Foreign) -> Walls:
        paths = sysconfig.get_paths()
        libraries = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        package = Path(symscan.__file__).parent
        shipped = universe_homes(())[-1]
        folders = [*sorted(libraries), str(package), str(shipped), str(self._walled), *_SYSTEM]
        if (calendars := default_folder()) is not None:
            folders.append(str(calendars))
        modules = tuple(sorted(set(foreign.modules.values())))
        compiled = [importlib.util.cache_from_source(one) for one in modules if one.endswith(".py")]
        named = [str(path) for path in foreign.universes.values() if path is not None]
        config_folder = self._subject.config.file.resolve().parent
        for config, _ in self._subject.scanners.values():
            named += map(str, universe_files(universe_of(config), (self._project, config_folder)))
        absolute = [
            one.file
            for _, made in self._subject.scanners.values()
            for one in made.tables.files
            if Path(one.file).is_absolute()
        ]
        if (renames := self._subject.config.renames) is not None:
            named += [str(folder / renames) for folder in (self._project, config_folder)]
        files = [*modules, *compiled, *named, *absolute]
        return Walls(_real(files), _real(folders), modules)


def _real(paths: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.realpath(one) for one in paths))
