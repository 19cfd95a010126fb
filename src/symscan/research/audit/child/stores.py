"""Stores that differ from another one after an instant: its files linked, a few written anew, a catalogue."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.research.audit.child import frames
from symscan.research.audit.child.play import Change, Cut, Play
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import BarFile, Catalogue, read_catalogue, write_catalogue

BORN: Final = 50
STRANGERS: Final = 100

_CHANGED_SESSIONS: Final = 5
"""How many later sessions are there where the future is another; those after them are gone."""
_OF_DAY, _OF_LATER, _OF_NAMES = 0, 1, 2
"""What random numbers are drawn for; each has its own."""

_Bars = dict[tuple[Interval, date], pl.DataFrame]
_Files = list[tuple[Interval, date, tuple[str, bytes, int, frozenset[str]]]]


class ChangedStores:
    """Makes one store after another in a folder.

    Parameters
    ----------
    base
        The store that all start from; not changed.
    folder
        Where they are made.
    """

    def __init__(self, base: Path, folder: Path, calendar: SessionCalendar) -> None:
        self._base = BarStore(base)
        self._catalogue = read_catalogue(base)
        self._folder = folder
        self._calendar = calendar
        self._pasts: dict[date, Catalogue] = {}
        self._links: set[str] = set()
        self._laters: dict[tuple[Change, date], _Files] = {}
        folder.mkdir(exist_ok=True)

    def make(self, play: Play) -> BarStore:
        """Make the store of a play; the one made before is gone."""
        session = self._calendar.session(play.day)
        written: dict[str, bytes] = {}
        catalogue = self._changed(play, session, written)
        for name in sorted(self._links - catalogue.names()):
            (self._folder / name).unlink()
        for name in sorted(catalogue.names() - self._links):
            self._put(name, written)
        self._links = set(catalogue.names())
        write_catalogue(self._folder, catalogue)
        return BarStore(self._folder)

    def _put(self, name: str, written: Mapping[str, bytes]) -> None:
        target = self._folder / name
        target.parent.mkdir(exist_ok=True)
        if name in written:
            target.write_bytes(written[name])
        else:
            os.link(self._base.root / name, target)

    def _changed(self, play: Play, session: Session, written: dict[str, bytes]) -> Catalogue:
        cut = play.cut or Cut(session.open)
        match play.change:
            case Change.NONE:
                return self._catalogue
            case Change.DELETED:
                splits = frames.splits_until(self._base.splits(), play.day)
                kept = self._known(session, cut)
                return self._with(self._past(play.day), kept, written, splits)
            case Change.CHANGED:
                splits = frames.splits_made_up(
                    self._base.splits(), play.day, self._calendar.next(play.day).date, self._base.symbols()
                )
                other = self._other_future(session, cut, play.seed)
                past = self._with_later(self._past(play.day), play, written)
                return self._with(past, other, written, splits)
            case Change.BORN:
                later = self._with_later(self._catalogue, play, written)
                return self._with(later, self._born(session, cut, play.seed), written)
            case Change.STRANGERS:
                strange = {
                    key: frames.with_copies(bars, pl.lit(True), STRANGERS, [play.seed, _OF_NAMES])
                    for key, bars in self._recent(play.day).items()
                }
                return self._with(self._catalogue, strange, written)
            case Change.WITHOUT:
                fewer = {key: frames.only(bars, play.symbols) for key, bars in self._recent(play.day).items()}
                return self._with(self._catalogue, fewer, written)

    def _known(self, session: Session, cut: Cut) -> _Bars:
        """Return the session's bars up to the cut."""
        result: _Bars = {}
        for interval in self._base.intervals(session.date):
            bars = self._base.load(interval, [session.date])
            if interval.is_intraday:
                bars = bars if cut.is_complete else bars.filter(frames.is_known(interval, session, cut.at))
            elif not cut.is_complete:
                if not self._base.has_only_days:
                    continue
                bars = bars.clear()
            result[interval, session.date] = bars
        return result

    def _other_future(self, session: Session, cut: Cut, seed: int) -> _Bars:
        result: _Bars = {}
        for interval in self._base.intervals(session.date):
            bars = self._base.load(interval, [session.date])
            future = pl.lit(not cut.is_complete)
            if interval.is_intraday and not cut.is_complete:
                future = ~frames.is_known(interval, session, cut.at)
            result[interval, session.date] = frames.changed(bars, future, [seed, _OF_DAY])
        return result

    def _born(self, session: Session, cut: Cut, seed: int) -> _Bars:
        result: _Bars = {}
        names = [seed, _OF_NAMES]
        if not cut.is_complete:
            for interval in self._base.intervals(session.date):
                bars = self._base.load(interval, [session.date])
                is_day = not interval.is_intraday
                future = pl.lit(True) if is_day else ~frames.is_known(interval, session, cut.at)
                result[interval, session.date] = frames.with_copies(bars, future, BORN, names)
        return result

    def _with_later(self, catalogue: Catalogue, play: Play, written: dict[str, bytes]) -> Catalogue:
        """Return a catalogue with the next few sessions changed: the same for all instants of a session."""
        key = (play.change, play.day)
        found = self._laters.get(key)
        if found is None:
            found = self._laters[key] = _files_of(self._changed_later(play))
        for interval, day, (name, content, rows, symbols) in found:
            written[f"{interval}/{name}"] = content
            catalogue = catalogue.with_bars(
                interval, {day: BarFile(name, rows, len(symbols))}, {day: symbols}
            )
        return catalogue

    def _changed_later(self, play: Play) -> _Bars:
        stored = {one for interval in self._base.intervals() for one in self._base.sessions(interval)}
        later = sorted(one for one in stored if one > play.day)[:_CHANGED_SESSIONS]
        result: _Bars = {}
        for day in later:
            for interval in self._base.intervals(day):
                bars = self._base.load(interval, [day])
                if play.change is Change.BORN:
                    bars = frames.with_copies(bars, pl.lit(True), BORN, [play.seed, _OF_NAMES])
                else:
                    bars = frames.changed(bars, pl.lit(True), [play.seed, _OF_LATER])
                result[interval, day] = bars
        return result

    def _recent(self, day: date) -> _Bars:
        """Return the bars of a session and of the one before it."""
        (before,) = self._calendar.previous(day, 1)
        return {
            (interval, one): self._base.load(interval, [one])
            for one in (before.date, day)
            for interval in self._base.intervals(one)
        }

    def _past(self, day: date) -> Catalogue:
        """Return the catalogue without the session and all after it, and without names of theirs."""
        found = self._pasts.get(day)
        if found is None:
            found = self._pasts[day] = self._made_past(day)
        return found

    def _made_past(self, day: date) -> Catalogue:
        fetched = {
            subject: {one: names for one, names in dates.items() if one < day}
            for subject, dates in self._catalogue.fetched.items()
        }
        result = replace(self._catalogue, bars={}, symbols={}, presence={}, splits=None, fetched=fetched)
        for interval, files in self._catalogue.bars.items():
            earlier = {one: file for one, file in files.items() if one < day}
            names = {one: frozenset(self._base.symbols_on(interval, [one])) for one in earlier}
            if earlier:
                result = result.with_bars(interval, earlier, names)
        return result

    def _with(
        self,
        catalogue: Catalogue,
        bars: _Bars,
        written: dict[str, bytes],
        splits: pl.DataFrame | None = None,
    ) -> Catalogue:
        for interval, day, (name, content, rows, symbols) in _files_of(bars):
            written[f"{interval}/{name}"] = content
            catalogue = catalogue.with_bars(
                interval, {day: BarFile(name, rows, len(symbols))}, {day: symbols}
            )
        if splits is not None and splits.height:
            name, content = _file_of(splits, "splits")
            written[name] = content
            catalogue = replace(catalogue, splits=name)
        return catalogue


def _files_of(bars: _Bars) -> _Files:
    """Return the files of bars: name, content, rows and symbols of each."""
    return [
        (interval, day, (*_file_of(frame, str(day)), frame.height, frozenset(frame["symbol"].unique())))
        for (interval, day), frame in bars.items()
    ]


def _file_of(frame: pl.DataFrame, stem: str) -> tuple[str, bytes]:
    """Return the name and the content of a file."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="lz4")
    data = content.getvalue()
    return f"{stem}.{hashlib.blake2b(data, digest_size=8).hexdigest()}.parquet", data


def link_store(source: Path, target: Path, sessions: Sequence[date]) -> None:
    """Make a store of another one's files: linked, or copied where it is on another disk.

    Parameters
    ----------
    sessions
        The dates whose later ones are left out: a few after them are enough.
    """
    import shutil

    catalogue = read_catalogue(source)
    stored = sorted({day for files in catalogue.bars.values() for day in files if day > max(sessions)})
    last = stored[: _CHANGED_SESSIONS + 1][-1] if stored else max(sessions)
    bars = {
        interval: {day: file for day, file in files.items() if day <= last}
        for interval, files in catalogue.bars.items()
    }
    catalogue = replace(catalogue, bars={interval: files for interval, files in bars.items() if files})
    for name in sorted(catalogue.names()):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / name, place)
        except OSError:
            shutil.copyfile(source / name, place)
    write_catalogue(target, catalogue)
