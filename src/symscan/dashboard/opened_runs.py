"""The runs in a folder by their names; those that were read last are kept open."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.recording import RECORD_NAME
from symscan.research.run import Run, open_run
from symscan.research.store import Store
from symscan.research.why.answers import Decisions
from symscan.research.why.source import find_decisions
from symscan.runs.export import zone_of
from symscan.runs.layout import RUN, SUMMARY
from symscan.runs.listing import ListedRun, list_runs

SHOWN: Final = ("1m", "5m", "15m", "1h")
"""The intervals of bars within a session that are shown."""

_MOST_OPEN: Final = 4
_MOST_SESSIONS: Final = 6

Fingerprint = tuple[tuple[int, int], ...]
"""When the files that describe a run were written, and how long they are."""


class OpenedRun:
    """A run with what pages ask of it again and again.

    Parameters
    ----------
    name
        The name of its folder.
    run
        The run.
    store
        Where its bars are now; None for where they were.
    """

    def __init__(self, name: str, run: Run, store: Path | None) -> None:
        self.name = name
        self.run = run
        self._store = store
        self._hits: _Kept[date, pl.DataFrame] = _Kept(_MOST_SESSIONS)
        self._decisions: _Kept[date, Decisions] = _Kept(1)
        self._bars: _Kept[date, pl.DataFrame | None] = _Kept(_MOST_SESSIONS // 2)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The exchange's zone."""
        return zone_of(self.run.files)

    @cached_property
    def calendar(self) -> SessionCalendar:
        """The exchange's sessions."""
        return SessionCalendar(str(self.run.summary.get("exchange", "NYSE")))

    def session(self, day: date | None) -> Session:
        """Return a session of the run.

        Raises
        ------
        InputError
            If none is given, or the run has none of that date.
        """
        if day is None:
            raise InputError("'session' is missing; give a date of the run")
        if day not in self.run.sessions:
            has = f"{self.run.sessions[0]} to {self.run.sessions[-1]}" if self.run.sessions else "none"
            raise InputError(f"the run has no session of {day} (it has {has})")
        return self.calendar.session(day)

    def check_scanners(self, names: list[str]) -> None:
        """Check that scanners took part in the run.

        Raises
        ------
        InputError
            If one did not.
        """
        for name in names:
            self.run.files.check_scanner(name)

    def hits(self, day: date) -> pl.DataFrame:
        """Return the hits of one session."""
        lazy = self.run.lazy("hits").filter(pl.col("session") == day)
        return self._hits.get(day, lambda: self.run.files.collect(lazy))

    @cached_property
    def store(self) -> Store:
        """The store that the run was of.

        Raises
        ------
        InputError
            If the run does not say where it was.
        DataError
            If there is none, or it has changed since.
        """
        return self.run.store(self._store)

    @cached_property
    def store_fault(self) -> str | None:
        """Return why there are no bars; None where there are."""
        try:
            _ = self.store
        except InputError as error:
            return str(error)
        return None

    @cached_property
    def intervals(self) -> list[str]:
        """The intervals of which bars can be shown; of a store of daily bars alone these."""
        if self.store_fault is not None:
            return []
        return [*(SHOWN if any(map(_is_intraday, self.store.intervals)) else ()), "1d"]

    def regular_bars(self, session: Session) -> pl.DataFrame | None:
        """Return the regular bars of all symbols of the finest interval; None without a store."""
        if self.store_fault is not None:
            return None
        return self._bars.get(session.date, lambda: self._regular(session))

    def decisions(self, day: date) -> Decisions:
        """Return the decisions of a session; those of the last one that was asked for are kept.

        Raises
        ------
        InputError
            If the configuration, its modules or the store are not there.
        """
        found = partial(find_decisions, self.run.files, day, self._store)
        return self._decisions.get(day, lambda: Decisions(found()))

    def _regular(self, session: Session) -> pl.DataFrame | None:
        finest = next(filter(_is_intraday, self.store.intervals), None)
        if finest is None:
            return None
        bars = self.store.bars(self.store.symbols(), finest, session.date)
        start = pl.col("start").to_physical()
        return bars.filter(start >= session.open, start < session.close)


class OpenedRuns:
    """The runs of the folder that is shown.

    Parameters
    ----------
    folder
        Holds runs, or is one.
    store
        Where the bars are; None for where each run says they were.
    """

    def __init__(self, folder: Path, store: Path | None = None) -> None:
        self._folder = folder
        self._store = store
        self._open: OrderedDict[str, tuple[Fingerprint, OpenedRun]] = OrderedDict()

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder

    def names(self) -> list[str]:
        """Return the names of the folders that may be runs."""
        if _holds_run(self._folder):
            return [self._folder.resolve().name]
        try:
            return sorted(entry.name for entry in os.scandir(self._folder) if entry.is_dir())
        except OSError as error:
            raise InputError(f"{self._folder}: it cannot be read ({error.strerror})") from None

    def listed(self) -> list[tuple[str, ListedRun]]:
        """Return every run with what it was."""
        return [(one.folder.resolve().name, one) for one in list_runs(self._folder)]

    def fingerprint(self, name: str) -> Fingerprint:
        """Return what changes when a run is written anew.

        Raises
        ------
        InputError
            If there is no such run.
        """
        folder = self._place(name)
        return tuple(_stamp(folder / file) for file in (RUN, SUMMARY))

    def open(self, name: str) -> OpenedRun:
        """Open a run by its name; it is compared with what there is, and never joined to a path unseen.

        Raises
        ------
        InputError
            If there is no such run, or it is not over.
        DataError
            If it is damaged.
        """
        stamp = self.fingerprint(name)
        known = self._open.get(name)
        if known is not None and known[0] == stamp:
            self._open.move_to_end(name)
            return known[1]
        opened = OpenedRun(name, open_run(self._place(name)), self._store)
        self._open[name] = (stamp, opened)
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return opened

    def record(self, name: str) -> Path:
        """Return the record of a live session, whether it is over or not.

        Raises
        ------
        InputError
            If there is no such session, or it has none.
        """
        path = self._place(name) / RECORD_NAME
        if not path.is_file():
            raise InputError("this run has no record to follow; a live session has one")
        return path

    def _place(self, name: str) -> Path:
        if name not in self.names():
            raise InputError("there is no such run here; choose one of the list on the page Runs")
        return self._folder if _holds_run(self._folder) else self._folder / name


_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(slots=True)
class _Kept(Generic[_K, _V]):
    """The values that were asked for last."""

    most: int
    values: OrderedDict[_K, _V] = field(default_factory=OrderedDict)

    def get(self, key: _K, make: Callable[[], _V]) -> _V:
        if key in self.values:
            self.values.move_to_end(key)
            return self.values[key]
        made = self.values[key] = make()
        while len(self.values) > self.most:
            self.values.popitem(last=False)
        return made


def as_instant(instant: Instant) -> pl.Expr:
    """Return an instant as polars compares it with a column."""
    return pl.lit(instant).cast(pl.Datetime("us", "UTC"))


def _is_intraday(interval: str) -> bool:
    return interval.endswith(("m", "h"))


def _holds_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (RUN, SUMMARY, RECORD_NAME))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
