"""What a process of an audit is told to play, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from symscan.model.bar import Floats
from symscan.model.instant import Instant
from symscan.research.audit.child.walls import Denied


class Change(StrEnum):
    """What is changed of a store."""

    NONE = "none"
    DELETED = "deleted"
    CHANGED = "changed"
    BORN = "born"
    STRANGERS = "strangers"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """An instant a session is played to, and of which the future is changed.

    Attributes
    ----------
    at
        What ended by then is known.
    is_complete
        Whether the day is complete: the session's own daily bar is known, too.
    """

    at: Instant
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """One session to be played.

    Attributes
    ----------
    day
        Its date.
    change, cut, seed
        What is changed of the store after which instant, and of what random numbers. Without a change it is
        played up to the cut; None plays all.
    once
        Whether scanners are due at the cut alone.
    symbols
        Members besides the configuration's; of ``Change.WITHOUT`` those that stay in the store.
    files
        What takes the place of the project's files, by their paths in it.
    universes
        What takes the place of universes in the configuration.
    reverses_scanners
        Whether the scanners of the configuration stand the other way round.
    only
        The scanners that take part; none named means all.
    keeps_modules
        Whether the project's modules stay as the play before has left them.
    clock_seconds
        How far the computer's clock is moved.
    keeps_readings
        Whether what scanners read is kept, and all of their metadata.
    """

    day: date
    change: Change = Change.NONE
    cut: Cut | None = None
    seed: int = 0
    once: bool = False
    symbols: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    universes: Mapping[str, str] = field(default_factory=dict)
    reverses_scanners: bool = False
    only: tuple[str, ...] = ()
    keeps_modules: bool = False
    clock_seconds: int = 0
    keeps_readings: bool = False


@dataclass(frozen=True, slots=True)
class Plays:
    """What one process plays, one after another."""

    name: str
    plays: tuple[Play, ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class ScanRecord:
    """What came of one scan.

    Attributes
    ----------
    digests
        A digest of each hit's metadata.
    readings
        What could be read of the candidates, by name, where it was to be kept.
    metadata
        The metadata of each hit as JSON, where it was to be kept.
    """

    scanner: str
    phase: str
    at: Instant
    outcome: str
    symbols: tuple[str, ...] = ()
    digests: tuple[bytes, ...] = ()
    error: str | None = None
    candidates: tuple[str, ...] = ()
    readings: Mapping[str, Floats] = field(default_factory=dict)
    metadata: tuple[bytes, ...] = ()

    @property
    def key(self) -> tuple[Instant, str]:
        """Which of its scanner's scans it is."""
        return self.at, self.phase


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What came of a session.

    Attributes
    ----------
    scans
        In the order they ended.
    disabled
        Why scanners took no part, by name.
    fault
        Why it could not be played to its end, None if it could.
    candidates
        The symbols each scanner had before it.
    denied
        What the walls denied.
    """

    scans: tuple[ScanRecord, ...]
    disabled: Mapping[str, str]
    fault: str | None = None
    candidates: Mapping[str, frozenset[str]] = field(default_factory=dict)
    denied: tuple[Denied, ...] = ()

    def of(self, scanner: str, cut: Cut | None = None) -> list[ScanRecord]:
        """Return the scans of a scanner, up to an instant."""
        own = [one for one in self.scans if one.scanner == scanner]
        if cut is None:
            return own
        return [one for one in own if one.at <= cut.at and (cut.is_complete or one.phase != "at_close")]


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """What a process says when all is played.

    Attributes
    ----------
    modules
        The files of code outside of the interpreter's folders that it imported, by their names.
    universes
        The file of each scanner's universe, None where there is none.
    """

    played: tuple[Played, ...]
    modules: Mapping[str, str]
    universes: Mapping[str, Path | None]
