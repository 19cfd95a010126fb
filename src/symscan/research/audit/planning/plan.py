"""Plan what an audit plays: for each check the processes, and the sessions each of them plays."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from symscan.model.session import Session
from symscan.research.audit.child.frames import made_up
from symscan.research.audit.child.play import Change, Cut, Play
from symscan.research.audit.child.stores import STRANGERS
from symscan.research.audit.planning.subject import Subject, universe_of
from symscan.research.audit.planning.tables import known_rows
from symscan.research.audit.planning.universes import UniverseText, place_in_project, universe_files

_SEED: Final = "PYTHONHASHSEED"
_THREADS: Final = "POLARS_MAX_THREADS"
_SHIFTS: Final = (
    *(timedelta(days=401 + days, hours=7) for days in range(7)),
    *(timedelta(days=401, hours=hours) for hours in (13, 19)),
)
"""Every day of the week, and other hours: a scanner that waits for one of them meets it."""
_KEPT: Final = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "USER"})
_KEPT_PREFIXES: Final = ("PYTHON", "SYMSCAN", "POLARS", "LC_")


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One session that is played for a check.

    Attributes
    ----------
    label
        What is special about it among the steps of the check, empty if nothing is.
    cut
        Up to which instant it is compared; None: all of it.
    is_compared
        Whether it is compared, or only goes before.
    among
        The hits that are compared; None: all.
    """

    play: Play
    label: str = ""
    cut: Cut | None = None
    is_compared: bool = True
    among: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """What one process plays for a check.

    Attributes
    ----------
    check
        Its name.
    environment
        Variables that are other ones; ``None`` as a value is none.
    clean
        Whether it has no variables but those that Python needs.
    walled
        Whether it is behind walls.
    """

    check: str
    name: str
    steps: tuple[Step, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    clean: bool = False
    walled: bool = False

    def variables(self) -> dict[str, str]:
        """Return the variables of its process."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not self.clean or name in _KEPT or name.startswith(_KEPT_PREFIXES)
        }
        return {**kept, _SEED: "0", **self.environment}


def divided(subject: Subject, family: Family) -> list[tuple[str, Family]]:
    """Return a family for each scanner, in which that takes part alone, with those it reads."""
    result = []
    for name in subject.scanners:
        only = subject.with_read(name)
        steps = tuple(replace(step, play=replace(step.play, only=only)) for step in family.steps)
        result.append((name, replace(family, name=f"{family.name}, {name} alone", steps=steps)))
    return result


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a configuration that an audit replaces.

    Attributes
    ----------
    universes
        The files of universes, and the relative path where each is found first.
    given
        What stands in the configuration for universes of absolute paths, by relative path.
    tables
        Declared tables with the column of when a row was known, by the path they are declared with.
    """

    universes: Mapping[Path, str]
    given: Mapping[str, str]
    tables: Mapping[str, tuple[Path, str]]

    @classmethod
    def of(cls, subject: Subject, universes: Mapping[str, Path | None]) -> Files:
        """Find the files of a subject, given the universe files that its scanners have loaded."""
        project, config_folder = Path.cwd(), subject.config.file.resolve().parent
        paths = {path for path in universes.values() if path is not None and path.is_file()}
        for config, _ in subject.scanners.values():
            paths |= set(universe_files(universe_of(config), (project, config_folder)))
        paths = {path for path in paths if path.suffix.lower() != ".json"}
        places = {path: place_in_project(path, project, config_folder) for path in sorted(paths)}
        given = {}
        for config, _ in subject.scanners.values():
            named = universe_of(config)
            if isinstance(named, str) and Path(named).is_absolute() and Path(named).resolve() in places:
                given[named] = places[Path(named).resolve()]
        return cls(places, given, _tables(subject, (project, config_folder)))

    def replaced(self, content: Mapping[Path, bytes]) -> dict[str, bytes]:
        """Return what takes the place of files, by their relative paths."""
        return {self.universes[path]: data for path, data in content.items()}

    def known_tables(self, day: date) -> dict[str, bytes]:
        """Return the declared tables as they were on a date."""
        return {
            name: known_rows(path, column, day)
            for name, (path, column) in self.tables.items()
            if not Path(name).is_absolute()
        }


def _tables(subject: Subject, folders: Sequence[Path]) -> dict[str, tuple[Path, str]]:
    result = {}
    for _, made in subject.scanners.values():
        for one in made.tables.files:
            found = next((folder / one.file for folder in folders if (folder / one.file).is_file()), None)
            if found is not None:
                result[one.file] = found, one.as_of
    return result


def baselines(subject: Subject) -> list[Family]:
    """Return what everything is compared with: each session in a process of its own."""
    return [
        Family("baseline", f"the session of {session.date}", (Step(Play(session.date)),))
        for session in subject.sessions
    ]


def families(
    subject: Subject, files: Files, checks: Collection[str], candidates: Mapping[date, frozenset[str]]
) -> list[Family]:
    """Return what is played for checks.

    Parameters
    ----------
    candidates
        The symbols that any scanner had before it, and those found, by date.
    """
    plans = (_repeats, _futures, _columns, _tables_cut, _clocks, _orders, _halves, _states, _walls)
    found = [one for plan in plans for one in plan(subject, files)]
    found += _unrelated(subject, candidates)
    return [one for one in found if one.check in checks]


def _repeats(subject: Subject, _files: Files) -> Iterator[Family]:
    steps = tuple(Step(Play(one.date)) for one in subject.sessions)
    asia = {_SEED: "1", "TZ": "Asia/Tokyo", "LANG": "C", "LC_ALL": "C", _THREADS: "1"}
    west = {_SEED: "2", "TZ": "America/Los_Angeles", "LANG": "de_DE.UTF-8", _THREADS: "4"}
    yield Family("repeated", "the second play", steps, asia)
    yield Family("repeated", "the third play", steps, west)
    yield Family("environment", "the play without variables", steps, clean=True)


def _futures(subject: Subject, files: Files) -> Iterator[Family]:
    changes = {
        "future_deleted": Change.DELETED,
        "future_changed": Change.CHANGED,
        "future_born": Change.BORN,
    }
    for check, change in changes.items():
        for session in subject.sessions:
            steps = tuple(_future_steps(subject, files, session, change))
            yield Family(check, f"{check.replace('_', ' ')} on {session.date}", steps)


def _future_steps(subject: Subject, files: Files, session: Session, change: Change) -> Iterator[Step]:
    day, texts = session.date, [(path, UniverseText.read(path)) for path in files.universes]
    replaced = files.known_tables(day) if change is Change.DELETED else {}
    if change is Change.BORN:
        replaced = files.replaced({path: text.edition_of(day) for path, text in texts if text.is_dated})
    given = _given(files, replaced)
    for number, cut in enumerate(subject.all_cuts(day)):
        seed = subject.seed * 10_000 + day.toordinal() + 1_000_000 * number
        yield Step(Play(day, change, cut, seed, files=replaced, universes=given), cut=cut)


def _columns(subject: Subject, files: Files) -> Iterator[Family]:
    """Give the numbers of universes that are of no date, or of a later one, to other symbols."""
    first = subject.sessions[0].date
    steps = []
    for path in files.universes:
        text = UniverseText.read(path)
        if text.is_dated or (text.as_of is not None and text.as_of <= first):
            continue
        for column in text.number_columns:
            replaced = files.replaced({path: text.with_other_numbers(column, [subject.seed])})
            steps += [
                Step(
                    Play(one.date, files=replaced, universes=_given(files, replaced)),
                    f"the values of {column} in {path.stem} permuted",
                )
                for one in subject.sessions
            ]
    if steps:
        yield Family("universe_columns", "the play with other numbers in universes", tuple(steps))


def _tables_cut(subject: Subject, files: Files) -> Iterator[Family]:
    if files.tables:
        steps = tuple(Step(Play(one.date, files=files.known_tables(one.date))) for one in subject.sessions)
        yield Family("later_tables", "the play without later rows of tables", steps)


def _clocks(subject: Subject, _files: Files) -> Iterator[Family]:
    days, steps = [one.date for one in subject.sessions], []
    for number, shift in enumerate(_SHIFTS):
        play = Play(days[number % len(days)], clock_seconds=int(shift.total_seconds()))
        steps.append(Step(play, f"the clock {shift.days} days on"))
    yield Family("clock", "the play on another day", tuple(steps))


def _orders(subject: Subject, files: Files) -> Iterator[Family]:
    texts = [(path, UniverseText.read(path)) for path in files.universes]
    editions = {"the universe reversed": {path: text.reversed() for path, text in texts}}
    for seed in (1, 2):
        editions[f"the universe shuffled ({seed})"] = {
            path: text.shuffled([subject.seed, seed]) for path, text in texts
        }
    steps = []
    for session in subject.sessions:
        for label, content in editions.items() if texts else ():
            replaced = files.replaced(content)
            steps.append(Step(Play(session.date, files=replaced, universes=_given(files, replaced)), label))
        if len(subject.config.scanners) > 1:
            steps.append(Step(Play(session.date, reverses_scanners=True), "the scanners reversed"))
    if steps:
        yield Family("order", "the play in another order", tuple(steps))


def _halves(subject: Subject, files: Files) -> Iterator[Family]:
    steps = []
    for session in subject.sessions:
        for path in files.universes:
            content, kept = UniverseText.read(path).half([subject.seed, session.date.toordinal()])
            replaced = files.replaced({path: content})
            play = Play(session.date, files=replaced, universes=_given(files, replaced))
            steps.append(Step(play, half_of(path), among=kept))
    if steps and any(map(subject.judges_alone, subject.scanners)):
        yield Family("half", "the play with half of the universe", tuple(steps))


def half_of(path: Path) -> str:
    """Return the label of steps with half of a universe."""
    return f"half of {path.stem}"


def _unrelated(subject: Subject, candidates: Mapping[date, frozenset[str]]) -> list[Family]:
    """Add strangers to the members, and take everybody else out of the store."""
    strangers, steps = tuple(made_up(STRANGERS)), []
    for session in subject.sessions:
        day = session.date
        strange = Play(day, Change.STRANGERS, seed=subject.seed, symbols=strangers)
        kept = tuple(sorted(candidates[day] | set(subject.config.symbols)))
        steps.append(Step(strange, "strangers among the members"))
        steps.append(Step(Play(day, Change.WITHOUT, symbols=kept), "others gone from the store"))
    return [Family("unrelated", "the play among strangers", tuple(steps))]


def _states(subject: Subject, _files: Files) -> Iterator[Family]:
    days = subject.stored_days()
    for session in subject.sessions:
        day = session.date
        earlier = [one for one in days if one < day][-2:]
        later = [one for one in days if one > day][:1]
        if earlier:
            steps = _in_one_process([*earlier, day])
            yield Family("sessions_before", f"{day} after the sessions before it", steps)
        if later:
            steps = _in_one_process([*later, day])
            yield Family("session_after", f"{day} after a later session", steps)
        once = tuple(Step(Play(day, cut=cut, once=True), cut=cut) for cut in subject.all_cuts(day))
        yield Family("one_scan", f"single scans of {day}", once)


def _in_one_process(days: Sequence[date]) -> tuple[Step, ...]:
    *others, last = (Play(day, keeps_modules=number > 0) for number, day in enumerate(days))
    return (*(Step(one, is_compared=False) for one in others), Step(last))


def _walls(subject: Subject, _files: Files) -> Iterator[Family]:
    steps = tuple(Step(Play(one.date)) for one in subject.sessions)
    yield Family("files", "the play behind walls", steps, walled=True)


def _given(files: Files, replaced: Mapping[str, bytes]) -> dict[str, str]:
    """Return the universes of absolute paths that are replaced."""
    return {given: f"./{place}" for given, place in files.given.items() if place in replaced}
