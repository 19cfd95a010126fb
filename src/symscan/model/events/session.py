"""What happened: immutable, in order, free of wall-clock values but for ``execution_time_ms``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import force_setattr
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask
from symscan.model.hit_metadata import StrayMetadata
from symscan.model.instant import Instant

Counts = NDArray[np.int64]


class Outcome(StrEnum):
    """How a scan ended."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"

    @property
    def is_ok(self) -> bool:
        """Whether the scan judged its symbols; one that did not leaves its scanner's list as it was."""
        return self is Outcome.OK


class ScanPhase(StrEnum):
    """What a scan was due for."""

    PRE_SESSION = "pre_session"
    REGULAR = "regular"
    AT_CLOSE = "at_close"


class Hits(Struct, frozen=True, eq=False):
    """The symbols one scan returned, best first, with what was known of them then.

    All arrays have shape ``(len(symbols),)``; unknown is NaN.

    Attributes
    ----------
    new
        Whether the scanner returned the symbol for the first time in the session.
    last_bar_end
        UTC microseconds.
    metadata
        The scanner's metadata of each symbol.
    not_in_store
        Those of the symbols that the store has no bars of.
    stray_metadata
        Metadata of symbols the scanner did not return; None where there are none.
    """

    symbols: tuple[str, ...] = ()
    new: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    price: Floats = field(default_factory=lambda: np.zeros(0))
    previous_close: Floats = field(default_factory=lambda: np.zeros(0))
    change_pct: Floats = field(default_factory=lambda: np.zeros(0))
    gap_pct: Floats = field(default_factory=lambda: np.zeros(0))
    volume: Floats = field(default_factory=lambda: np.zeros(0))
    last_bar_end: Floats = field(default_factory=lambda: np.zeros(0))
    metadata: Mapping[str, Any] = field(default_factory=dict)
    not_in_store: tuple[str, ...] = ()
    stray_metadata: StrayMetadata | None = None

    @property
    def have_bars_today(self) -> bool:
        """Whether any of them has a bar of the day so far: without one, a scan knew of earlier days alone."""
        return bool((~np.isnan(self.last_bar_end)).any())


class Event(Struct, frozen=True):
    """Something that happened at an instant of the session."""

    at: Instant


class SessionPrepared(Event, frozen=True):
    """A session is about to be played."""

    session: date
    opens_at: Instant
    closes_at: Instant
    symbols: tuple[str, ...]
    scanners: tuple[str, ...]


class UniverseNarrowed(Event, frozen=True):
    """A scanner's universe was narrowed before the session: who is kept, and of whom that is unknown."""

    scanner: str
    universe: int
    kept: int
    unknown: int


class ScannerReady(Event, frozen=True):
    """A scanner is set up."""

    scanner: str
    universe: int
    indicators: tuple[str, ...]


class ScannerDisabled(Event, frozen=True):
    """A scanner takes no part in this session."""

    scanner: str
    reason: str


class DailyBarsDerived(Event, frozen=True):
    """The store lacks the last daily bar of so many symbols: it was made of their regular minutes."""

    symbols: int


class IndicatorWarmed(Event, frozen=True):
    """An indicator was played up to now for some symbols."""

    indicator: str
    symbols: int
    known: int
    sessions: int


class SessionActivated(Event, frozen=True):
    """The session is open to strategies."""

    symbols: tuple[str, ...]


class SymbolAdded(Event, frozen=True):
    """A symbol became a member; its data was complete at ``ready_at``."""

    symbol: str
    holder: str
    ready_at: Instant


class SymbolsRemoved(Event, frozen=True):
    """Symbols were removed with all their data: by ``holder``, or without any holder left after it."""

    symbols: tuple[str, ...]
    holder: str


class SymbolLocked(Event, frozen=True):
    """A symbol is kept for a reason."""

    symbol: str
    holder: str
    reason: str


class SymbolUnlocked(Event, frozen=True):
    """A lock was taken away; ``reason`` None means all."""

    symbol: str
    holder: str
    reason: str | None


class RequestRefused(Event, frozen=True):
    """A request was refused."""

    holder: str
    request: str
    reason: str


class ScanFinished(Event, frozen=True, eq=False):
    """A due scan ended, one way or another; carries all symbols it returned.

    ``universe`` counts the symbols to judge, ``judged`` and ``unknown`` add up to it.
    ``decided_at`` is when its result was applied, on the market's clock: a scan may run beside the
    stream, and its hits count from then on. It is ``at`` where nothing else is given.
    ``note`` says which scans of others it was to read and could not.
    ``execution_time_ms`` is the one value that differs from run to run.
    """

    scanner: str
    phase: ScanPhase
    outcome: Outcome
    universe: int
    judged: int
    unknown: int
    hits: Hits
    execution_time_ms: float
    error: str | None = None
    decided_at: Instant = -1
    note: str | None = None

    def __post_init__(self) -> None:
        if self.decided_at < 0:
            force_setattr(self, "decided_at", self.at)


class UnknownSymbols(Struct, frozen=True, eq=False):
    """The symbols one scanner could not judge, one row per stretch of scans, by symbol then time.

    A stretch is of one symbol and reason, over consecutive scans of one phase that were ok.

    Attributes
    ----------
    phases
        The phase of its scans, by name.
    first_at, last_at
        The first and the last scan of the stretch, UTC microseconds.
    scans
        How many scans it holds.
    """

    symbols: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    first_at: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    last_at: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    scans: Counts = field(default_factory=lambda: np.zeros(0, np.int64))

    def reasons_at(self, at: Instant, phase: ScanPhase) -> dict[str, str]:
        """Return whom the scan of a phase at an instant could not judge, each with the reason."""
        rows = zip(self.symbols, self.reasons, self.phases, self.first_at, self.last_at, strict=True)
        return {
            symbol: reason for symbol, reason, of, first, last in rows if of == phase and first <= at <= last
        }

    def scans_by_reason(self) -> dict[str, int]:
        """Return the scans of all stretches by reason: summed as columns, since there may be very many."""
        code_of = {reason: code for code, reason in enumerate(dict.fromkeys(self.reasons))}
        codes = np.fromiter(map(code_of.__getitem__, self.reasons), np.intp, len(self.reasons))
        return {reason: int(self.scans[codes == code].sum()) for reason, code in code_of.items()}


class ScannerDone(Event, frozen=True, eq=False):
    """A scanner had its last scan of the session and was torn down."""

    scanner: str
    scans: int
    failed: int
    unknown: UnknownSymbols
    error: str | None = None


class SessionClosed(Event, frozen=True):
    """The session is over."""

    session: date
    members: tuple[str, ...]


class Warned(Event, frozen=True):
    """Something the user should know of; the session goes on."""

    message: str


__all__ = [
    "DailyBarsDerived",
    "Event",
    "Hits",
    "IndicatorWarmed",
    "Outcome",
    "RequestRefused",
    "ScanFinished",
    "ScanPhase",
    "ScannerDisabled",
    "ScannerDone",
    "ScannerReady",
    "SessionActivated",
    "SessionClosed",
    "SessionPrepared",
    "SymbolAdded",
    "SymbolLocked",
    "SymbolUnlocked",
    "SymbolsRemoved",
    "UniverseNarrowed",
    "UnknownSymbols",
    "Warned",
]
