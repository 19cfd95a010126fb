"""The catalogue of a bar store: its current files, and what they hold."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from symscan.errors import DataError, SpecError
from symscan.model.interval import Interval
from symscan.sources.store.presence import Presence

CATALOGUE_NAME: Final = "catalogue.json"
_FORMAT: Final = "symscan bar store"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class BarFile:
    """One file of bars: its name, and how many bars of how many symbols it holds."""

    name: str
    rows: int
    symbols: int


Files = Mapping[date, BarFile]
"""The files of one interval by session date, ascending."""

FetchedSymbols = Mapping[date, frozenset[str]]
"""The symbols fetched for each date."""

_NO_FILES: Files = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The content of a store; immutable.

    Attributes
    ----------
    bars
        The files of every stored interval, fine to coarse.
    symbols
        The symbols of every stored interval, ascending.
    splits
        The file of splits, None where none were imported.
    generation
        How often the store was changed.
    origin
        Where the bars were fetched, broker and feed; None for imported ones.
    fetched
        The symbols that were fetched, by subject (``1m``, ``1d``, ``splits``) and date: a symbol that did
        not trade that day has no bars, but need not be fetched again.
    presence
        Which symbols have bars on which date; dates stored by an earlier version are missing there.
    """

    bars: Mapping[Interval, Files] = field(default_factory=dict)
    symbols: Mapping[Interval, tuple[str, ...]] = field(default_factory=dict)
    splits: str | None = None
    generation: int = 0
    origin: str | None = None
    fetched: Mapping[str, FetchedSymbols] = field(default_factory=dict)
    presence: Mapping[Interval, Presence] = field(default_factory=dict)

    def files(self, interval: Interval) -> Files:
        """The files of an interval; none if it is not stored."""
        return self.bars.get(interval, _NO_FILES)

    def names(self) -> frozenset[str]:
        """The path of every file that counts, relative to the store."""
        bars = (f"{interval}/{file.name}" for interval, files in self.bars.items() for file in files.values())
        return frozenset([*bars, *filter(None, [self.splits])])

    def with_bars(
        self, interval: Interval, files: Files, symbols: Mapping[date, frozenset[str]]
    ) -> Catalogue:
        """A catalogue that also has these files, each with its symbols."""
        merged = dict(sorted({**self.files(interval), **files}.items()))
        names = tuple(sorted(frozenset(self.symbols.get(interval, ())).union(*symbols.values())))
        presence = self.presence.get(interval, Presence()).with_dates(symbols)
        return replace(
            self,
            bars=dict(sorted({**self.bars, interval: merged}.items())),
            symbols=dict(sorted({**self.symbols, interval: names}.items())),
            presence=dict(sorted({**self.presence, interval: presence}.items())),
        )


def read_catalogue(root: Path) -> Catalogue:
    """The catalogue of the store at ``root``.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    path = root / CATALOGUE_NAME
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            f"{root}: there is no bar store here; make one with "
            f"`symscan data import FILES --store {root} --interval 1m --label start`"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; the bar store cannot be opened") from None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    return _parse(path, content)


def catalogue_state(root: Path) -> object:
    """Return a value that differs whenever the catalogue was replaced, from its file's metadata."""
    try:
        state = (root / CATALOGUE_NAME).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


def write_catalogue(root: Path, catalogue: Catalogue) -> None:
    """Swap in a new catalogue by one rename: before it nothing has changed, after it everything has."""
    temporary = root / f"{CATALOGUE_NAME}.new"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(_content(catalogue), file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(root / CATALOGUE_NAME)


def _content(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "generation": catalogue.generation,
        "splits": catalogue.splits,
        "symbols": {str(interval): names for interval, names in catalogue.symbols.items()},
        "bars": {
            str(interval): {
                day.isoformat(): [file.name, file.rows, file.symbols] for day, file in files.items()
            }
            for interval, files in catalogue.bars.items()
        },
        "origin": catalogue.origin,
        **_fetched_content(catalogue.fetched),
        "presence": {str(interval): one.content() for interval, one in catalogue.presence.items()},
    }


def _fetched_content(fetched: Mapping[str, FetchedSymbols]) -> dict[str, Any]:
    """Write each group of symbols once, and its number by date: most dates have the same group."""
    groups = dict.fromkeys(group for dates in fetched.values() for group in dates.values())
    number = {group: index for index, group in enumerate(groups)}
    return {
        "groups": [sorted(group) for group in groups],
        "asked": {
            subject: {day.isoformat(): number[group] for day, group in dates.items()}
            for subject, dates in fetched.items()
        },
    }


def _parse(path: Path, content: Any) -> Catalogue:
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DataError(f"{path}: not the catalogue of a bar store; choose another folder")
    if content.get("version") != _VERSION:
        raise DataError(
            f"{path}: the store has format version {content.get('version')}, this symscan reads version "
            f"{_VERSION}; use the symscan that made it, or import its bars anew"
        )
    try:
        return Catalogue(
            bars={Interval.parse(text): _parse_files(files) for text, files in content["bars"].items()},
            symbols={Interval.parse(text): tuple(names) for text, names in content["symbols"].items()},
            splits=content["splits"],
            generation=content["generation"],
            origin=content.get("origin"),
            fetched=_parse_fetched(content),
            presence={
                Interval.parse(text): Presence.parse(one) for text, one in content.get("presence", {}).items()
            },
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, SpecError) as error:
        raise _damaged(path, repr(error)) from None


def _parse_files(files: dict[str, Any]) -> Files:
    return {date.fromisoformat(day): BarFile(*facts) for day, facts in files.items()}


def _parse_fetched(content: dict[str, Any]) -> dict[str, FetchedSymbols]:
    """Read which symbols were fetched; none in the catalogue of an older store."""
    groups = [frozenset(group) for group in content.get("groups", ())]
    return {
        subject: {date.fromisoformat(day): groups[index] for day, index in dates.items()}
        for subject, dates in content.get("asked", {}).items()
    }


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path}: the catalogue is damaged ({reason}); restore it, or import the bars into a new store"
    )
