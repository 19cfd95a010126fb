"""Find the causes of differences between a live session and a backtest in the session's record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from symscan.model.instant import SECOND, Instant, from_datetime, to_iso
from symscan.model.session import Session
from symscan.parity.journal_events import (
    Correction,
    Drop,
    JournalEvent,
    Limit,
    Loss,
    Recovery,
    Refusal,
    Scan,
    complete_day,
)
from symscan.recording.session_log import AT_CLOSE


class Why(StrEnum):
    """The kinds of causes that make live and backtest differ."""

    LATE = "late bar"
    CORRECTED = "corrected bar"
    RECOVERED = "recovered bar"
    LOST = "lost bars"
    LEFT_OUT = "not subscribed"
    NOT_FETCHED = "not fetched"
    TIMEOUT = "timeout"
    OVERLAP = "overlap"
    LAG = "lag"
    SKIPPED = "skipped"
    FAILED = "failed"
    BROKEN_OFF = "broken off"
    LOADING = "loading"


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of a difference: its kind, and a sentence."""

    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class ScannerTraits:
    """What a scanner's hits depend on besides the bars of the symbol itself.

    Attributes
    ----------
    is_cross_sectional
        Whether on other symbols: it takes the best so many, or compares each with all.
    is_stateful
        Whether on its earlier scans and requests: it may, if it is the user's own code.
    candidates
        The symbols it reads; None if it may read any.
    """

    is_cross_sectional: bool = True
    is_stateful: bool = True
    candidates: frozenset[str] | None = None

    def covers(self, symbol: str) -> bool:
        """Whether its hits may depend on a symbol."""
        return self.candidates is None or symbol in self.candidates


ANY: Final = ScannerTraits()
"""The traits of an unknown scanner."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed slice: its step in the record, and how long after its end it was closed, microseconds."""

    seq: int
    after: int


@dataclass(frozen=True, slots=True)
class _Late:
    """A late or corrected bar, and its step in the record."""

    seq: int
    end: str
    kind: str
    arrived_at: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Bars that the feed lost and that could not be fetched.

    Attributes
    ----------
    since, until
        Between which instants they ended, ISO 8601; None for unknown.
    symbols
        The number of symbols; 0 for all.
    """

    since: str
    until: str | None
    symbols: int
    reason: str


@dataclass(slots=True)
class Causes:
    """Collects what in a live session may explain a difference.

    Attributes
    ----------
    session
        The trading day.
    slices
        The slices of the record, by their end.
    traits
        What each scanner's hits depend on.
    grace
        How long a slice waited at most, microseconds.
    is_over
        Whether the session came to its close.
    late_bars
        How many bars came late, were corrected or recovered.
    """

    session: Session
    slices: Mapping[str, Closed] = field(default_factory=dict)
    traits: Mapping[str, ScannerTraits] = field(default_factory=dict)
    grace: int = 2 * SECOND
    is_over: bool = True
    late_bars: int = 0
    _late: dict[str, list[_Late]] = field(default_factory=dict)
    _left_out: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    _dropped: dict[str, str] = field(default_factory=dict)
    _lost: list[Lost] = field(default_factory=list)
    _refused: dict[str, str] = field(default_factory=dict)
    _first_seen: dict[str, int] = field(default_factory=dict)

    def add_event(self, seq: int, event: JournalEvent) -> None:
        """Add an event of a step of the record."""
        match event:
            case Correction(end, symbols, kind, arrived_at):
                late = _Late(seq, end, kind, arrived_at)
                self.late_bars += len(symbols)
                for symbol in symbols:
                    self._late.setdefault(symbol, []).append(late)
            case Drop(since, reason):
                self._dropped.setdefault(since, reason)
            case Recovery(since):  # since when they are fetched
                self._dropped = {one: why for one, why in self._dropped.items() if one < since}
            case Loss(since, until, symbols, reason):
                self._lost.append(Lost(since, until, len(symbols), reason))
                pending = self._dropped.items()
                self._dropped = {one: why for one, why in pending if not since <= one <= until}
            case Limit(at, left_out):
                self._left_out.append((at, left_out))
            case Refusal(request, reason) if request.startswith("add_symbol "):
                self._refused.setdefault(request.removeprefix("add_symbol "), reason)

    def set_first_seen(self, seqs: Mapping[str, int]) -> None:
        """Set the step in which the record first has a bar of each symbol."""
        self._first_seen.update(seqs)

    def traits_of(self, scanner: str) -> ScannerTraits:
        """Return what a scanner's hits depend on."""
        return self.traits.get(scanner, ANY)

    def lost(self) -> list[Lost]:
        """Return the bars that both the session and a backtest of its record lack, by time."""
        why = "the session ended, or goes on, before they were fetched"
        dropped = {} if self.is_over else self._dropped  # at its close it says what of them stayed lost
        pending = [Lost(since, None, 0, f"{reason}; {why}") for since, reason in dropped.items()]
        return sorted([*self._lost, *pending], key=lambda one: one.since)

    def of_lost(self, lost: Lost) -> Cause:
        """Explain why bars are missing on both sides."""
        until = "" if lost.until is None else f" and up to {self.clock(lost.until)}"
        whose = f" of {lost.symbols:,} symbols" if lost.symbols else ""
        text = f"bars{whose} after {self.clock(lost.since)}{until} may be missing: {lost.reason}"
        return Cause(Why.LOST, text)

    # -- of scans ------------------------------------------------------------------------------

    def of_scan(self, live: Scan) -> Cause | None:
        """Explain why a live scan did not end well; None if it did."""
        outcome, error = live.outcome, live.error or ""
        if outcome == "ok":
            return None
        why = {"failed": Why.FAILED, "timed_out": Why.TIMEOUT}.get(outcome, Why.SKIPPED)
        if why is Why.SKIPPED:
            why = Why.OVERLAP if "still running" in error else Why.LAG if "behind the feed" in error else why
        return Cause(why, f"{outcome.replace('_', ' ')}: {error}".removesuffix(": "))

    def of_missing(self, backtest: Scan, live: Sequence[Scan]) -> Cause | None:
        """Explain why a scan is not in the record: it was running when the session was broken off.

        Parameters
        ----------
        live
            The recorded scans of the same scanner.
        """
        is_followed = any(one.at > backtest.at and one.outcome != "skipped" for one in live)
        if self.is_over or is_followed:
            return None
        return Cause(Why.BROKEN_OFF, "the session was broken off, or goes on, before its result came in")

    # -- of symbols ----------------------------------------------------------------------------

    def of_bars(self, at: str, symbol: str) -> Cause | None:
        """Explain why a scan saw other bars of a symbol than the record finally has."""
        closed = self.slices.get(at)
        if closed is None:
            return None
        late = [one for one in self._late.get(symbol, ()) if one.end <= at and one.seq > closed.seq]
        if not late:
            return None
        if late[0].kind == "recovered" and self._is_left_out(symbol, late[0].end):
            text = "more symbols were wanted than may be subscribed; it was one of those left out"
            return Cause(Why.LEFT_OUT, text)
        return Cause(Why(f"{late[0].kind} bar"), self._describe_late(late[0]))

    def of_others(self, at: str, scanner: str, symbols: Sequence[str] | None = None) -> Cause | None:
        """Explain a difference by the bars of any symbol the scan covers; names the symbol.

        Parameters
        ----------
        symbols
            The symbols to consider; None for all with late bars.
        """
        traits = self.traits_of(scanner)
        for symbol in self._late if symbols is None else symbols:
            cause = self.of_bars(at, symbol) if traits.covers(symbol) else None
            if cause is not None:
                return Cause(cause.why, f"{symbol}, which counts here: {cause.text}")
        return None

    def of_outsider(self, at: str, symbol: str, known_by: str) -> Cause | None:
        """Explain why one side knows bars of a symbol that was not in the session.

        Parameters
        ----------
        known_by
            The side that knows its price: ``live`` or ``backtest``.
        """
        closed, first = self.slices.get(at), self._first_seen.get(symbol)
        if known_by == "live" and first is None:
            return Cause(Why.NOT_FETCHED, "its bars were fetched for this scan alone and not recorded")
        if known_by == "backtest" and closed is not None and (first is None or first > closed.seq):
            return Cause(Why.NOT_FETCHED, "it had not been in the session, and its bars could not be fetched")
        return None

    def of_joining(self, symbol: str, live: str | None, backtest: str | None) -> Cause | None:
        """Explain why a symbol that both sides found was ready later live, or not at all."""
        if live is None and symbol in self._refused:
            return Cause(Why.NOT_FETCHED, self._refused[symbol])
        if live is None and not self.is_over:
            return Cause(Why.BROKEN_OFF, "the session was broken off, or goes on, before it was loaded")
        if live is None and backtest is not None:
            return Cause(Why.LOADING, "loaded beside the stream, and not there before it was too late")
        if live is not None and backtest is not None and live > backtest:
            return Cause(Why.LOADING, "loaded beside the stream")
        return None

    def clock(self, instant: str) -> str:
        """Format an instant of a record on the exchange's clock."""
        local = self.session.local(_instant(instant))
        return f"{local:%H:%M:%S}".removesuffix(":00")

    # -- how -----------------------------------------------------------------------------------

    def _is_left_out(self, symbol: str, at: str) -> bool:
        left_out = [symbols for since, symbols in self._left_out if since <= at]
        return bool(left_out) and symbol in left_out[-1]

    def _describe_late(self, late: _Late) -> str:
        end = _instant(late.end)
        after = (_instant(late.arrived_at) - end) / SECOND
        closed = self.slices.get(late.end)
        text = f"{late.kind} bar of {self.clock(late.end)} ({_seconds(after)} after its end"
        if closed is None or late.kind != "late":
            return f"{text})"
        by = ", by grace_seconds" if closed.after >= self.grace else ""
        return f"{text}; the slice was closed after {_seconds(closed.after / SECOND)}{by})"


def _instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(text))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def slices_of(steps: Sequence[tuple[str, Instant, Instant | None]]) -> dict[str, Closed]:
    """Return the closed slices of a record by end, and its complete day.

    Parameters
    ----------
    steps
        Kind, end and the market's time of each.
    """
    return {
        to_iso(end) if kind == "slice" else complete_day(to_iso(end)): Closed(
            seq, 0 if at is None else at - end
        )
        for seq, (kind, end, at) in enumerate(steps, start=1)
        if kind in ("slice", AT_CLOSE)
    }
