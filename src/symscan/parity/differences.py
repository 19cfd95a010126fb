"""List the differences between a live session and a backtest of its bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from symscan.parity.causes import Cause, Causes
from symscan.parity.hits import field_differences
from symscan.parity.journal_events import Hit, JournalEvent, MembershipChange, Removal, Scan

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between live and backtest.

    Attributes
    ----------
    at
        The instant the scan was as of, or at which the symbol joined or left; ISO 8601.
    kind
        ``scan``, ``hit``, ``reading``, ``count``, ``readiness`` or ``bars``.
    scanner
        The scanner; empty for the session.
    symbol
        The symbol; None for a whole scan.
    live, backtest
        The values on each side, formatted.
    cause
        The cause; None where the record does not explain it.
    """

    at: str
    kind: str
    scanner: str
    symbol: str | None
    live: str
    backtest: str
    cause: Cause | None


@dataclass(slots=True)
class Comparison:
    """Compares the journals of a session, live and as a backtest, in the order of time.

    A difference that can follow from an earlier one inherits its cause: whether a symbol is new to a
    scanner; every result of a scanner that keeps state; which symbols join, and when.

    Attributes
    ----------
    causes
        The causes found in the live record.
    """

    causes: Causes
    _of_hits: dict[tuple[str, str], Cause | None] = field(default_factory=dict)
    _of_scanners: dict[str, Cause | None] = field(default_factory=dict)
    _of_members: dict[str, Cause | None] = field(default_factory=dict)
    _of_leavers: dict[str, Cause | None] = field(default_factory=dict)
    """Symbols removed at different times: with all their data, which scanners may have read."""

    def compare(self, live: Sequence[JournalEvent], backtest: Sequence[JournalEvent]) -> list[Difference]:
        """Return every difference, in the order of time."""
        live_scans, backtest_scans = _scans_of(live), _scans_of(backtest)
        scans: list[tuple[str, int, _Key | _Pair]] = [
            (key[0], 0, key) for key in {**backtest_scans, **live_scans}
        ]
        members: list[tuple[str, int, _Key | _Pair]] = [(at, 1, one) for at, one in _members(live, backtest)]
        differences: list[Difference] = []
        for _, _, item in sorted([*scans, *members], key=lambda one: one[:2]):
            if isinstance(item, _Pair):
                differences += self._membership(item)
            else:
                differences += self._scan(item, live_scans, backtest_scans)
        return sorted([*differences, *self._lost()], key=lambda one: one.at)

    def _lost(self) -> Iterator[Difference]:
        """Yield bars missing on both sides, which no hit shows: a backtest of the stored day may differ."""
        for one in self.causes.lost():
            cause = self.causes.of_lost(one)
            yield Difference(one.since, "bars", "", None, "missing", "missing", cause)

    # -- scans ---------------------------------------------------------------------------------

    def _scan(
        self, key: _Key, live_scans: Mapping[_Key, Scan], backtest_scans: Mapping[_Key, Scan]
    ) -> Iterator[Difference]:
        at, scanner, _ = key
        live, backtest = live_scans.get(key), backtest_scans.get(key)
        if live is not None and backtest is not None and live.outcome == backtest.outcome == "ok":
            for one in self._compare_hits(live, backtest):
                self._of_scanners.setdefault(scanner, one.cause and self._inherit(at, one.cause))
                yield one
            self._follow_bars(live)
            return
        texts = [one.outcome.replace("_", " ") if one is not None else "none" for one in (live, backtest)]
        if texts[0] == texts[1]:
            return
        cause = self._of_ending(live, backtest, [live_scans[one] for one in live_scans if one[1] == scanner])
        inherited = cause and self._inherit(at, cause)
        self._of_scanners.setdefault(scanner, inherited)
        for scan in filter(None, (live, backtest)):
            for symbol in scan.hits:
                self._of_hits.setdefault((scanner, symbol), inherited)
        yield Difference(at, "scan", scanner, None, texts[0], texts[1], cause)

    def _of_ending(
        self, live: Scan | None, backtest: Scan | None, scanner_scans: Sequence[Scan]
    ) -> Cause | None:
        """Explain why a scan ended differently, or is missing."""
        if live is None:
            return None if backtest is None else self.causes.of_missing(backtest, scanner_scans)
        if live.outcome != "ok" or backtest is None:
            return self.causes.of_scan(live)
        return self._of_scanner(live)

    def _follow_bars(self, live: Scan) -> None:
        """Keep the cause of different bars for a scanner with state: its later results may follow from it."""
        at, scanner = live.at, live.scanner
        if scanner not in self._of_scanners and self.causes.traits_of(scanner).is_stateful:
            cause = self.causes.of_others(live.moment, scanner)
            if cause is not None:
                self._of_scanners[scanner] = self._inherit(at, cause)

    def _compare_hits(self, live: Scan, backtest: Scan) -> Iterator[Difference]:
        live_hits, backtest_hits = live.hits, backtest.hits
        for symbol in dict.fromkeys([*live_hits, *backtest_hits]):
            yield from self._hit(live, symbol, live_hits.get(symbol), backtest_hits.get(symbol))
        common = live_hits.keys() & backtest_hits.keys()
        live_order, backtest_order = (
            [symbol for symbol in hits if symbol in common] for hits in (live_hits, backtest_hits)
        )
        yield from self._ranked(live, live_order, backtest_order)
        yield from self._counted(live, backtest)

    def _hit(
        self, live: Scan, symbol: str, live_hit: Hit | None, backtest_hit: Hit | None
    ) -> Iterator[Difference]:
        at, scanner = live.at, live.scanner
        if live_hit is not None and backtest_hit is not None:
            for item in field_differences(live_hit, backtest_hit, self.causes.clock):
                cause = self._of_reading(live, symbol, item.names, live_hit, backtest_hit)
                yield Difference(at, item.kind, scanner, symbol, item.live, item.backtest, cause)
            return
        cause = self._of_symbol(live, symbol)
        self._of_hits.setdefault((scanner, symbol), cause and self._inherit(at, cause))
        texts = ("found", "not found") if backtest_hit is None else ("not found", "found")
        yield Difference(at, "hit", scanner, symbol, *texts, cause)

    def _ranked(
        self, live: Scan, live_order: Sequence[str], backtest_order: Sequence[str]
    ) -> Iterator[Difference]:
        if live_order == backtest_order:
            return
        rank = next(
            rank
            for rank, pair in enumerate(zip(live_order, backtest_order, strict=True))
            if pair[0] != pair[1]
        )
        texts = [f"{one[rank]} before {one[rank + 1]}" for one in (live_order, backtest_order)]
        is_cross_sectional = self.causes.traits_of(live.scanner).is_cross_sectional
        cause = self.causes.of_others(live.moment, live.scanner, None if is_cross_sectional else live_order)
        cause = cause or self._of_memory(live.scanner)
        yield Difference(live.at, "hit", live.scanner, None, texts[0], texts[1], cause)

    def _counted(self, live: Scan, backtest: Scan) -> Iterator[Difference]:
        for name in ("universe", "unknown"):
            counts = [getattr(one, name) for one in (live, backtest)]
            if counts[0] != counts[1]:
                cause = self._of_scanner(live)
                texts = [f"{count} {name}" for count in counts]
                yield Difference(live.at, "count", live.scanner, None, texts[0], texts[1], cause)

    # -- why -----------------------------------------------------------------------------------

    def _of_symbol(self, live: Scan, symbol: str) -> Cause | None:
        """Explain why only one side found a symbol."""
        at, scanner = live.moment, live.scanner
        own = self.causes.of_bars(at, symbol)
        if own is None and self.causes.traits_of(scanner).is_cross_sectional:
            own = self.causes.of_others(at, scanner)
        if own is None and self.causes.traits_of(scanner).is_stateful:
            own = self._of_members.get(symbol) or self._of_memory(scanner)
        return own or self._of_leavers.get(symbol)

    def _of_reading(
        self, live: Scan, symbol: str, names: Sequence[str], live_hit: Hit, backtest_hit: Hit
    ) -> Cause | None:
        """Explain why fields of a symbol differ that both sides found."""
        at, scanner = live.moment, live.scanner
        if names == ["new"]:
            return self._of_hits.get((scanner, symbol)) or self._of_memory(scanner)
        if names == ["metadata"]:
            return self._of_symbol(live, symbol)
        if "previous_close" in names:  # it was known the evening before
            return None
        cause = self.causes.of_bars(at, symbol)
        if cause is None and (live_hit.price is None) != (backtest_hit.price is None):
            cause = self.causes.of_outsider(at, symbol, "backtest" if live_hit.price is None else "live")
        return cause or self._of_leavers.get(symbol)

    def _of_scanner(self, live: Scan) -> Cause | None:
        """Explain why a scan as a whole differs."""
        scanner = live.scanner
        own = self.causes.of_others(live.moment, scanner) or self._of_memory(scanner)
        return own or next((cause for cause in self._of_leavers.values() if cause is not None), None)

    def _of_memory(self, scanner: str) -> Cause | None:
        """Explain a difference of a scanner with state: by earlier differences or different members."""
        if not self.causes.traits_of(scanner).is_stateful:
            return None
        members = (
            Cause(cause.why, f"{symbol}, a member it may look at: {cause.text}")
            for symbol, cause in self._of_members.items()
            if cause is not None
        )
        return self._of_scanners.get(scanner) or next(members, None)

    def _inherit(self, at: str, cause: Cause) -> Cause:
        """Return the cause for what follows from a difference at ``at``."""
        if cause.text.startswith("from "):
            return cause
        return Cause(cause.why, f"from {self.causes.clock(at)} on: {cause.text}")

    # -- members -------------------------------------------------------------------------------

    def _membership(self, pair: _Pair) -> Iterator[Difference]:
        live, backtest = pair.live, pair.backtest
        both = [one for one in (live, backtest) if one is not None]
        cause = self._of_holder(pair.symbol, both[0].holder)
        if cause is None and both[0].is_addition and {one.is_addition for one in both} == {True}:
            times = [one.at if one is not None else None for one in (live, backtest)]
            cause = self.causes.of_joining(pair.symbol, *times)
        cause = cause or self._of_members.get(pair.symbol)
        at = min(one.at for one in both)
        inherited = cause and self._inherit(at, cause)
        self._of_members.setdefault(pair.symbol, inherited)
        if not all(one.is_addition for one in both):
            self._of_leavers.setdefault(pair.symbol, inherited)
        texts = [self._describe_change(one, is_addition=both[0].is_addition) for one in (live, backtest)]
        yield Difference(at, "readiness", both[0].scanner, pair.symbol, texts[0], texts[1], cause)

    def _of_holder(self, symbol: str, holder: str) -> Cause | None:
        """Explain why the holder that added or removed a symbol did so on one side only."""
        scanner = holder.removeprefix("scanner:")
        if holder.startswith("strategy:"):  # it may act upon anything
            return next(
                (cause for cause in (*self._of_hits.values(), *self._of_members.values()) if cause), None
            )
        return self._of_hits.get((scanner, symbol)) or self._of_memory(scanner)

    def _describe_change(self, change: MembershipChange | None, *, is_addition: bool) -> str:
        if change is None:
            return "never joined" if is_addition else "never left"
        return f"{'ready' if change.is_addition else 'left'} {self.causes.clock(change.at)}"


@dataclass(frozen=True, slots=True)
class _Pair:
    """The n-th change of a symbol, on both sides."""

    symbol: str
    live: MembershipChange | None
    backtest: MembershipChange | None


def _members(live: Sequence[JournalEvent], backtest: Sequence[JournalEvent]) -> Iterator[tuple[str, _Pair]]:
    """Yield changes of members that differ, with the earlier instant."""
    live_changes, backtest_changes = _changes_of(live), _changes_of(backtest)
    for symbol in sorted({**backtest_changes, **live_changes}):
        for pair in zip_longest(live_changes.get(symbol, ()), backtest_changes.get(symbol, ())):
            kinds_and_times = {None if one is None else (one.is_addition, one.at) for one in pair}
            if len(kinds_and_times) > 1:
                yield min(one.at for one in pair if one is not None), _Pair(symbol, *pair)


def _changes_of(events: Sequence[JournalEvent]) -> dict[str, list[MembershipChange]]:
    changes: dict[str, list[MembershipChange]] = {}
    for event in events:
        match event:
            case MembershipChange(symbol=symbol):
                changes.setdefault(symbol, []).append(event)
            case Removal(removed):
                for one in removed:
                    changes.setdefault(one.symbol, []).append(one)
    return changes


def _scans_of(events: Sequence[JournalEvent]) -> dict[_Key, Scan]:
    return {event.key: event for event in events if isinstance(event, Scan)}
