"""Count what happened over a run, scanner by scanner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import compress
from typing import Any, Final

import numpy as np
from msgspec import Struct, field

from symscan.formatting import none_if_unknown
from symscan.model.events.session import (
    Event,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    SessionClosed,
    SessionPrepared,
    Warned,
)
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.observers.results.feed_figures import FEED_FAULTS, FeedFigures
from symscan.observers.results.result_warnings import ResultWarnings
from symscan.observers.results.trading_summary import TradingSummary

_FIRST_HITS: Final = 10
_COUNTS: Final = ("scans", "failed", "skipped", "judged", "hits", "new")


class NewHit(Struct, frozen=True):
    """A symbol a scanner returned for the first time in a session; unknown numbers are NaN."""

    session: Session
    at: Instant
    symbol: str
    price: float
    change_pct: float
    volume: float


class ScannerFigures(Struct):
    """What one scanner did over a run.

    Attributes
    ----------
    judged
        Verdicts, summed over scans.
    unknown
        Symbols it could not judge by reason, summed over scans.
    symbols
        The distinct symbols it returned.
    first
        Its first new hits.
    """

    scans: int = 0
    failed: int = 0
    skipped: int = 0
    judged: int = 0
    hits: int = 0
    new: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    symbols: dict[str, None] = field(default_factory=dict)
    first: list[NewHit] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, other: ScannerFigures) -> None:
        """Add the figures of another session."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unknown.update(other.unknown)
        self.symbols.update(other.symbols)
        self.notes.update(other.notes)
        self.first += other.first[: _FIRST_HITS - len(self.first)]

    @property
    def has_always_failed(self) -> bool:
        """Whether every scan that was begun failed or timed out."""
        return 0 < self.failed == self.scans - self.skipped

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "scans": self.scans,
            "failed": self.failed,
            "skipped": self.skipped,
            "judged": self.judged,
            "unknown": dict(sorted(self.unknown.items())),
            "hits": self.hits,
            "new": self.new,
            "symbols": len(self.symbols),
            "first_hits": [
                {
                    "at": to_iso(hit.at),
                    "symbol": hit.symbol,
                    "price": none_if_unknown(hit.price),
                    "change_pct": none_if_unknown(hit.change_pct),
                    "volume": none_if_unknown(hit.volume),
                }
                for hit in self.first
            ],
            "notes": list(self.notes),
        }

    def as_state(self) -> dict[str, Any]:
        """Return the state to resume from, as JSON can hold it."""
        return {
            **{name: getattr(self, name) for name in _COUNTS},
            "unknown": dict(self.unknown),
            "symbols": list(self.symbols),
            "notes": list(self.notes),
            "first": [
                {name: getattr(hit, name) for name in NewHit.__struct_fields__}
                | {"session": str(hit.session.date)}
                for hit in self.first
            ],
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any], sessions: Mapping[date, Session]) -> ScannerFigures:
        """Restore the figures that :meth:`as_state` returned."""
        hits = state["first"]
        return cls(
            **{name: state[name] for name in _COUNTS},
            unknown=Counter(state["unknown"]),
            symbols=dict.fromkeys(state["symbols"]),
            notes=dict.fromkeys(state["notes"]),
            first=[
                NewHit(**{**hit, "session": sessions[date.fromisoformat(hit["session"])]}) for hit in hits
            ],
        )


class RunSummary:
    """Counts what happens in a run."""

    def __init__(self) -> None:
        self.scanners: dict[str, ScannerFigures] = {}
        self.sessions: list[date] = []
        self.completed: list[date] = []
        self.warnings: dict[str, None] = {}
        self.members = 0
        self.trading = TradingSummary()
        self.feed = FeedFigures()
        self.result_warnings = ResultWarnings()

    @property
    def all_warnings(self) -> list[str]:
        """All warnings, those of scanners' results included."""
        return [*self.warnings, *self.result_warnings.messages()]

    def observe(self, session: Session, event: Event) -> None:
        """Count an event."""
        match event:
            case ScanFinished():
                self._count_scan(session, event)
            case SessionPrepared():
                self.sessions.append(event.session)
                for name in event.scanners:
                    self._figures(name)
            case ScannerDone():
                self._count_done(event)
            case ScannerDisabled():
                self._figures(event.scanner).notes[f"{session.date}: {event.reason}"] = None
            case SessionClosed():
                self.completed.append(event.session)
                self.members += len(event.members)
            case Warned():
                self.warnings[event.message] = None
            case _ if isinstance(event, FEED_FAULTS):
                self.feed.observe(session, event)
            case _:
                self.trading.observe(session, event)

    def as_record(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them."""
        return {
            "sessions": [day.isoformat() for day in self.sessions],
            "completed": [day.isoformat() for day in self.completed],
            "warnings": self.all_warnings,
            "scanners": {name: figures.as_record() for name, figures in self.scanners.items()},
            **({"feed_faults": faults} if (faults := self.feed.as_record()) else {}),
            **({"strategies": self.trading.as_record()} if self.trading.strategies else {}),
        }

    def add(self, other: RunSummary) -> None:
        """Add the figures of another session, in the order of dates."""
        self.sessions += other.sessions
        self.completed += other.completed
        self.warnings.update(other.warnings)
        self.members += other.members
        for name, figures in other.scanners.items():
            self._figures(name).add(figures)
        self.trading.add(other.trading)
        self.feed.add(other.feed)
        self.result_warnings.add(other.result_warnings)

    def as_state(self) -> dict[str, Any]:
        """Return the figures of a backtest as JSON can hold them; what a feed did is left out."""
        return {
            "sessions": [day.isoformat() for day in self.sessions],
            "completed": [day.isoformat() for day in self.completed],
            "warnings": list(self.warnings),
            "members": self.members,
            "scanners": {name: figures.as_state() for name, figures in self.scanners.items()},
            "trading": self.trading.as_record(),
            "result_warnings": self.result_warnings.as_state(),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any], sessions: Mapping[date, Session]) -> RunSummary:
        """Restore what :meth:`as_state` returned.

        Parameters
        ----------
        sessions
            Those of the run.
        """
        restored = cls()
        restored.sessions = [date.fromisoformat(day) for day in state["sessions"]]
        restored.completed = [date.fromisoformat(day) for day in state["completed"]]
        restored.warnings = dict.fromkeys(state["warnings"])
        restored.members = state["members"]
        restored.scanners = {
            name: ScannerFigures.of_state(figures, sessions) for name, figures in state["scanners"].items()
        }
        restored.trading = TradingSummary.of_record(state["trading"])
        restored.result_warnings = ResultWarnings.of_state(state["result_warnings"])
        return restored

    def _figures(self, name: str) -> ScannerFigures:
        return self.scanners.setdefault(name, ScannerFigures())

    def _count_scan(self, session: Session, scan: ScanFinished) -> None:
        self.result_warnings.count(scan)
        figures = self._figures(scan.scanner)
        figures.scans += 1
        figures.failed += scan.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        figures.skipped += scan.outcome is Outcome.SKIPPED
        figures.judged += scan.judged
        figures.hits += len(scan.hits.symbols)
        if scan.outcome is Outcome.FAILED and scan.error:
            figures.notes[scan.error] = None
        if new := int(np.count_nonzero(scan.hits.new)):
            figures.new += new
            figures.symbols.update(dict.fromkeys(compress(scan.hits.symbols, scan.hits.new.tolist())))
            if len(figures.first) < _FIRST_HITS:
                figures.first += _new_hits(session, scan)[: _FIRST_HITS - len(figures.first)]

    def _count_done(self, event: ScannerDone) -> None:
        figures = self._figures(event.scanner)
        figures.unknown.update(event.unknown.scans_by_reason())
        if event.error:
            figures.notes[event.error] = None


def _new_hits(session: Session, scan: ScanFinished) -> list[NewHit]:
    hits = scan.hits
    values = zip(
        hits.symbols,
        hits.new.tolist(),
        hits.price.tolist(),
        hits.change_pct.tolist(),
        hits.volume.tolist(),
        strict=True,
    )
    return [
        NewHit(session, scan.at, symbol, price, change, volume)
        for symbol, new, price, change, volume in values
        if new
    ]
