"""Answer why a symbol was a hit or not, who missed by one clause, and what the clauses let through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

import polars as pl

from symscan.errors import InputError
from symscan.model.events.session import ScanPhase
from symscan.model.instant import Instant, from_datetime
from symscan.model.session import Session
from symscan.research.why.absence import why_no_candidate
from symscan.research.why.replay import FoundDecisions, decisions_of, kept_decisions
from symscan.research.why.source import DecisionSource
from symscan.runs.decisions.explanation import ScanExplanation, Stay, explain_scan, stays
from symscan.runs.decisions.frames import funnel_frame, near_frame, why_frame
from symscan.runs.decisions.table import ScannerDecisions

At = time | str | None
"""A time on the exchange's clock, ``open``, ``close``, or None for the whole day."""


@dataclass(frozen=True, slots=True, eq=False)
class ScannerAnswer:
    """What one scanner decided of a symbol.

    Attributes
    ----------
    explanations
        Of the scans asked about, in their order.
    stays
        Its stays on the scanner's list in the day.
    absent
        Why the scanner did not judge the symbol at all; None where it did.
    """

    scanner: str
    explanations: tuple[ScanExplanation, ...]
    stays: tuple[Stay, ...]
    absent: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SymbolAnswer:
    """Why a symbol was a hit or not, by scanner; ``at`` is the instant asked about, None for the day."""

    session: Session
    symbol: str
    at: At
    scanners: tuple[ScannerAnswer, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """Every clause of every scan."""
        return why_frame(one for each in self.scanners for one in each.explanations)


class Decisions:
    """Answers questions about one session, from what its run has kept, else by playing it again.

    Parameters
    ----------
    source
        The session.
    replays
        Whether it is played again also where its decisions were kept.
    """

    def __init__(self, source: DecisionSource, *, replays: bool = False) -> None:
        self.source = source
        self._replays = replays
        self._played: FoundDecisions | None = None

    @property
    def session(self) -> Session:
        """The session."""
        return self.source.session

    def why(self, symbol: str, at: At = None, scanner: str | None = None) -> SymbolAnswer:
        """Explain what was decided of a symbol.

        Raises
        ------
        InputError
            If there is no such scanner or scan, or no scanner asked about judged the symbol.
        """
        names = self._names(scanner)
        tables = self._tables(names, whole=True)
        answers = [self._why(tables, name, symbol, at, is_named=scanner is not None) for name in names]
        given = [one for one in answers if one is not None]
        if all(one.absent for one in given):
            without = [name for name, one in zip(names, answers, strict=True) if one is None]
            if without:
                raise self._no_scan(without, at)
            reasons = _grouped((one.scanner, f"{one.absent}") for one in given)
            raise InputError("\n".join(no_candidate(symbol, names, why) for why, names in reasons.items()))
        return SymbolAnswer(self.session, symbol, at, tuple(given))

    def near(
        self, scanner: str | None = None, at: At = None, most: int | None = None
    ) -> dict[str, pl.DataFrame]:
        """Return by scanner who missed by one clause, nearest first; of the day each symbol's nearest.

        Raises
        ------
        InputError
            If there is no such scanner, or none has such a scan.
        """
        names = self._names(scanner)
        tables = self._tables(names, whole=False)
        asked = [one for one in names if one in tables and _scans_at(tables[one], self.session, at)]
        if not asked:
            raise self._no_scan(names, at)
        return {name: near_frame(*self._scans_of(tables, name, at), most) for name in asked}

    def funnel(self, scanner: str, at: At = None) -> tuple[pl.DataFrame, int]:
        """Return how many each clause of a scanner lets through, summed over scans; and how many these are.

        Raises
        ------
        InputError
            If there is no such scanner or scan.
        """
        self.source.check_scanner(scanner)
        table, scans = self._scans_of(self._tables([scanner], whole=False), scanner, at)
        return funnel_frame(table, scans), len(table.scans) if scans is None else len(scans)

    def _names(self, scanner: str | None) -> list[str]:
        if scanner is None:
            return self.source.scanners
        self.source.check_scanner(scanner)
        return [scanner]

    def _tables(self, names: Sequence[str], *, whole: bool) -> Mapping[str, ScannerDecisions]:
        """Return the decisions of scanners; what cannot be answered from kept ones is played again."""
        if self._played is None and not self._replays:
            kept = kept_decisions(self.source, names, whole=whole)
            if kept is not None:
                return kept.scanners
        return self._play().decisions.scanners

    def _why(
        self, tables: Mapping[str, ScannerDecisions], name: str, symbol: str, at: At, *, is_named: bool
    ) -> ScannerAnswer | None:
        table = tables.get(name)
        if table is None:
            if is_named:
                raise self._no_scan([name], at)
            return None
        if table.column(symbol) is None:
            return ScannerAnswer(name, (), (), why_no_candidate(self.source, name, symbol))
        scans = _scans_at(table, self.session, at)
        if not scans:
            if is_named:
                raise self._no_scan([name], at)
            return None
        explained = [explain_scan(table, scan, symbol) for scan in scans]
        return ScannerAnswer(
            name, tuple(one for one in explained if one is not None), tuple(stays(table, symbol))
        )

    def _scans_of(
        self, tables: Mapping[str, ScannerDecisions], name: str, at: At
    ) -> tuple[ScannerDecisions, Sequence[int] | None]:
        table = tables.get(name)
        if table is None:
            raise self._no_scan([name], at)
        scans = _scans_at(table, self.session, at)
        if not scans:
            raise self._no_scan([name], at)
        return table, None if at is None else scans

    def _play(self) -> FoundDecisions:
        if self._played is None:
            self._played = decisions_of(self.source)
        return self._played

    def _no_scan(self, names: Sequence[str], at: At) -> InputError:
        reasons = _grouped((name, self._without_scan(name, at)) for name in names)
        return InputError("\n".join(f"{_quoted(named)}: {why}" for why, named in reasons.items()))

    def _without_scan(self, name: str, at: At) -> str:
        found, session = self._play(), self.session
        if name in found.disabled:
            return f"it took no part in the session of {session.date}: {found.disabled[name]}"
        failed = [one for one in found.failed if one.scanner == name]
        table = found.decisions.scanners.get(name)
        if table is None and failed:
            first = f"{_how(failed[0].outcome)}: {failed[0].error}"
            return f"no scan was ok on {session.date}; the first {first}"
        if table is None:
            return f"there is no scan on {session.date}"
        for one in failed:
            if isinstance(at, time) and one.at == _instant(session, at):
                return f"the scan at {at:%H:%M} {_how(one.outcome)}: {one.error}"
        return f"there is no scan at {_text(at)} on {session.date}; {_nearest(table, session, at)}"


def no_candidate(symbol: str, scanners: Sequence[str], why: str) -> str:
    """Say that scanners did not judge a symbol."""
    return f"{symbol} is no candidate of {_quoted(scanners)}: {why}"


def _grouped(reasons: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the scanners by reason."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons:
        found.setdefault(reason, []).append(name)
    return found


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _scans_at(table: ScannerDecisions, session: Session, at: At) -> list[int]:
    """Return the scans at an instant: of one there may be several phases."""
    if at is None:
        return list(range(len(table.scans)))
    if isinstance(at, str):
        phase, instant = (
            (ScanPhase.PRE_SESSION, session.open) if at == "open" else (ScanPhase.AT_CLOSE, session.close)
        )
        there = [number for number, one in enumerate(table.scans) if one.at == instant]
        # A scanner without that phase has a regular scan there at most.
        return [number for number in there if table.scans[number].phase == phase] or there
    instant = _instant(session, at)
    return [number for number, one in enumerate(table.scans) if one.at == instant]


def _instant(session: Session, at: time) -> Instant:
    return from_datetime(datetime.combine(session.date, at, session.zone))


def _nearest(table: ScannerDecisions, session: Session, at: At) -> str:
    clock = (
        at if isinstance(at, time) else session.local(session.open if at == "open" else session.close).time()
    )
    wanted = _instant(session, clock)
    before = [one.at for one in table.scans if one.at <= wanted]
    after = [one.at for one in table.scans if one.at > wanted]
    near = [f"{session.local(one):%H:%M}" for one in (*before[-1:], *after[:1])]
    return f"the nearest {'are at' if len(near) > 1 else 'is at'} {' and '.join(near)}"


def _how(outcome: str) -> str:
    return {"failed": "failed", "skipped": "was skipped", "timed_out": "timed out"}.get(outcome, outcome)


def _text(at: At) -> str:
    return f"{at:%H:%M}" if isinstance(at, time) else f"the {at}"
