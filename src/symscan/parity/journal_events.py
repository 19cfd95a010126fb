"""The events of a journal that a comparison reads, typed; instants are ISO 8601, as the journal has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from symscan.model.events.session import ScanPhase


@dataclass(frozen=True, slots=True)
class Hit:
    """A symbol that a scan found: whether it is new, its readings, the scanner's metadata."""

    new: bool
    price: float | None
    previous_close: float | None
    change_pct: float | None
    gap_pct: float | None
    volume: float | None
    last_bar_end: str | None
    metadata: Any


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that has ended; its hits by symbol, in the order of their rank."""

    at: str
    scanner: str
    phase: str
    outcome: str
    universe: int
    unknown: int
    error: str | None = None
    hits: Mapping[str, Hit] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it on both sides."""
        return (self.at, self.scanner, self.phase)

    @property
    def moment(self) -> str:
        """When it read the session: its instant, or, after the last slice, that of the complete day."""
        return complete_day(self.at) if self.phase == ScanPhase.AT_CLOSE else self.at


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A symbol that joined or left the session."""

    at: str
    symbol: str
    holder: str
    is_addition: bool

    @property
    def scanner(self) -> str:
        """The scanner whose hit it was; empty for another holder."""
        return self.holder.removeprefix("scanner:") if self.holder.startswith("scanner:") else ""


@dataclass(frozen=True, slots=True)
class Removal:
    """Symbols that left the session."""

    changes: tuple[MembershipChange, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """Bars that came late, were corrected or recovered: ``kind`` says which."""

    end: str
    symbols: Sequence[str]
    kind: str
    arrived_at: str


@dataclass(frozen=True, slots=True)
class Drop:
    """The feed dropped bars since an instant."""

    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """Bars since an instant were fetched."""

    since: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Bars that ended between two instants could not be fetched; no symbols stand for all."""

    since: str
    until: str
    symbols: Sequence[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Limit:
    """More symbols are wanted than may be subscribed."""

    at: str
    left_out: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request was refused."""

    request: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetupFailure:
    """A scanner could not be set up."""

    scanner: str
    reason: str


JournalEvent = (
    Scan | MembershipChange | Removal | Correction | Drop | Recovery | Loss | Limit | Refusal | SetupFailure
)


def complete_day(close: str) -> str:
    """Return the name of the moment at which the day is complete; it sorts after the close."""
    return f"{close} at_close"


_READINGS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end")


def read_event(record: Mapping[str, Any]) -> JournalEvent | None:
    """Return the event of a line that is parsed from JSON; None for one that a comparison does not read."""
    match record["event"]:
        case "scan_finished":
            return _scan(record)
        case "symbol_added":
            return MembershipChange(record["ready_at"], record["symbol"], record["holder"], is_addition=True)
        case "symbols_removed":
            at, holder = record["at"], record["holder"]
            return Removal(tuple(MembershipChange(at, one, holder, False) for one in record["symbols"]))
        case "bars_corrected":
            return Correction(record["end"], record["symbols"], record["kind"], record["arrived_at"])
        case "feed_dropped_bars":
            return Drop(record["since"], record["reason"])
        case "feed_recovered":
            return Recovery(record["since"])
        case "bars_lost":
            return Loss(record["since"], record["until"], record["symbols"], record["reason"])
        case "subscription_limited":
            return Limit(record["at"], frozenset(record["left_out"]))
        case "request_refused":
            return Refusal(record["request"], record["reason"])
        case "scanner_disabled":
            return SetupFailure(record["scanner"], record["reason"])
    return None


def _scan(record: Mapping[str, Any]) -> Scan:
    hits = record["hits"]
    return Scan(
        record["at"],
        record["scanner"],
        record["phase"],
        record["outcome"],
        record["universe"],
        record["unknown"],
        record["error"],
        {symbol: _hit(hits, symbol, rank) for rank, symbol in enumerate(hits["symbols"])},
    )


def _hit(hits: Mapping[str, Any], symbol: str, rank: int) -> Hit:
    readings = {name: hits[name][rank] for name in _READINGS}
    return Hit(new=hits["new"][rank], metadata=_metadata(hits["metadata"], symbol, rank), **readings)


def _metadata(metadata: Mapping[str, Any], symbol: str, rank: int) -> Any:
    """Return the metadata of one symbol: from columns over all symbols, or from its own entry."""
    columns = {name: value[rank] for name, value in metadata.items() if isinstance(value, list)}
    return columns if columns and len(columns) == len(metadata) else metadata.get(symbol)
