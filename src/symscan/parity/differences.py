"""What a live session and a backtest say otherwise, one difference at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from symscan.parity.causes import Cause, Causes, Record
from symscan.parity.hits import Hit, hits_of, otherwise

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same live and in the backtest.

    Attributes
    ----------
    at
        The instant the scan was as of, or at which the symbol joined or left; ISO 8601.
    kind
        ``scan``, ``hit``, ``reading``, ``count``, ``readiness`` or ``bars``.
    scanner
        Whose; empty where it is the session's.
    symbol
        Of which symbol; None where it is the whole scan's.
    live, backtest
        What each says, as a person reads it.
    cause
        Why; None where nothing in the record explains it.
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

    What follows from an earlier difference has its cause, where it can follow from it: whether a symbol
    is new to a scanner; all that a scanner says which remembers; who joins, and when.

    Attributes
    ----------
    causes
        What the live one says of what went wrong.
    """

    causes: Causes
    _of_hits: dict[tuple[str, str], Cause | None] = field(default_factory=dict)
    _of_scanners: dict[str, Cause | None] = field(default_factory=dict)
    _of_members: dict[str, Cause | None] = field(default_factory=dict)
    _of_leavers: dict[str, Cause | None] = field(default_factory=dict)
    """Symbols that were let go otherwise: with all their data, which others may have looked at."""

    def of(self, live: Sequence[Record], backtest: Sequence[Record]) -> list[Difference]:
        """Every difference, in the order of time."""
        there, here = _scans_of(live), _scans_of(backtest)
        scans: list[tuple[str, int, _Key | _Pair]] = [(key[0], 0, key) for key in {**here, **there}]
        members: list[tuple[str, int, _Key | _Pair]] = [(at, 1, one) for at, one in _members(live, backtest)]
        found: list[Difference] = []
        for _, _, what in sorted([*scans, *members], key=lambda one: one[:2]):
            if isinstance(what, _Pair):
                found += self._membership(what)
            else:
                found += self._scan(what, there, here)
        return sorted([*found, *self._lost()], key=lambda one: one.at)

    def _lost(self) -> Iterator[Difference]:
        """What both sides lack, so that no hit shows it: a backtest of the whole day may say otherwise."""
        for one in self.causes.lost():
            cause = self.causes.of_lost(one)
            yield Difference(one.since, "bars", "", None, "missing", "missing", cause)

    # -- scans ---------------------------------------------------------------------------------

    def _scan(
        self, key: _Key, there: Mapping[_Key, Record], here: Mapping[_Key, Record]
    ) -> Iterator[Difference]:
        at, scanner, _ = key
        live, backtest = there.get(key), here.get(key)
        if live is not None and backtest is not None and live["outcome"] == backtest["outcome"] == "ok":
            for one in self._found(live, backtest):
                self._of_scanners.setdefault(scanner, one.cause and self._earlier(at, one.cause))
                yield one
            self._remember_bars(at, scanner)
            return
        said = [one["outcome"].replace("_", " ") if one is not None else "none" for one in (live, backtest)]
        if said[0] == said[1]:
            return
        cause = self._of_ending(live, backtest, [there[one] for one in there if one[1] == scanner])
        follow = cause and self._earlier(at, cause)
        self._of_scanners.setdefault(scanner, follow)
        for scan in filter(None, (live, backtest)):
            for symbol in scan["hits"]["symbols"]:
                self._of_hits.setdefault((scanner, symbol), follow)
        yield Difference(at, "scan", scanner, None, said[0], said[1], cause)

    def _of_ending(
        self, live: Record | None, backtest: Record | None, of_scanner: Sequence[Record]
    ) -> Cause | None:
        """Why a scan ended otherwise, or is not there."""
        if live is None:
            return None if backtest is None else self.causes.of_missing(backtest, of_scanner)
        if live["outcome"] != "ok" or backtest is None:
            return self.causes.of_scan(live)
        return self._of_scanner(live)

    def _remember_bars(self, at: str, scanner: str) -> None:
        """A scanner that remembers may say otherwise later what it saw otherwise now."""
        if scanner not in self._of_scanners and self.causes.nature(scanner).remembers:
            cause = self.causes.of_others(at, scanner)
            if cause is not None:
                self._of_scanners[scanner] = self._earlier(at, cause)

    def _found(self, live: Record, backtest: Record) -> Iterator[Difference]:
        then, now = hits_of(live), hits_of(backtest)
        for symbol in dict.fromkeys([*then, *now]):
            yield from self._hit(live, symbol, then.get(symbol), now.get(symbol))
        common = [[symbol for symbol in one if symbol in then and symbol in now] for one in (then, now)]
        yield from self._ranked(live, *common)
        yield from self._counted(live, backtest)

    def _hit(self, live: Record, symbol: str, then: Hit | None, now: Hit | None) -> Iterator[Difference]:
        at, scanner = live["at"], live["scanner"]
        if then is not None and now is not None:
            for what in otherwise(then, now, self.causes.clock):
                cause = self._of_reading(live, symbol, what.names, then, now)
                yield Difference(at, what.kind, scanner, symbol, what.live, what.backtest, cause)
            return
        cause = self._of_symbol(live, symbol)
        self._of_hits.setdefault((scanner, symbol), cause and self._earlier(at, cause))
        said = ("found", "not found") if now is None else ("not found", "found")
        yield Difference(at, "hit", scanner, symbol, *said, cause)

    def _ranked(self, live: Record, then: Sequence[str], now: Sequence[str]) -> Iterator[Difference]:
        if then == now:
            return
        place = next(place for place, pair in enumerate(zip(then, now, strict=True)) if pair[0] != pair[1])
        said = [f"{one[place]} before {one[place + 1]}" for one in (then, now)]
        is_cross_sectional = self.causes.nature(live["scanner"]).is_cross_sectional
        cause = self.causes.of_others(live["at"], live["scanner"], None if is_cross_sectional else then)
        cause = cause or self._of_memory(live["scanner"])
        yield Difference(live["at"], "hit", live["scanner"], None, said[0], said[1], cause)

    def _counted(self, live: Record, backtest: Record) -> Iterator[Difference]:
        for name in ("universe", "unknown"):
            if live[name] != backtest[name]:
                cause = self._of_scanner(live)
                said = [f"{one[name]} {name}" for one in (live, backtest)]
                yield Difference(live["at"], "count", live["scanner"], None, said[0], said[1], cause)

    # -- why -----------------------------------------------------------------------------------

    def _of_symbol(self, live: Record, symbol: str) -> Cause | None:
        """Why a scan found a symbol, or did not."""
        at, scanner = live["at"], live["scanner"]
        own = self.causes.of_bars(at, symbol)
        if own is None and self.causes.nature(scanner).is_cross_sectional:
            own = self.causes.of_others(at, scanner)
        if own is None and self.causes.nature(scanner).remembers:
            own = self._of_members.get(symbol) or self._of_memory(scanner)
        return own or self._of_leavers.get(symbol)

    def _of_reading(
        self, live: Record, symbol: str, names: Sequence[str], then: Hit, now: Hit
    ) -> Cause | None:
        """Why something is known otherwise of a symbol that both found."""
        at, scanner = live["at"], live["scanner"]
        if names == ["new"]:
            return self._of_hits.get((scanner, symbol)) or self._of_memory(scanner)
        if names == ["metadata"]:
            return self._of_symbol(live, symbol)
        if "previous_close" in names:  # it was known the evening before
            return None
        cause = self.causes.of_bars(at, symbol)
        if cause is None and (then["price"] is None) != (now["price"] is None):
            cause = self.causes.of_stranger(at, symbol, "backtest" if then["price"] is None else "live")
        return cause or self._of_leavers.get(symbol)

    def _of_scanner(self, live: Record) -> Cause | None:
        """Why a scan as a whole is otherwise."""
        scanner = live["scanner"]
        own = self.causes.of_others(live["at"], scanner) or self._of_memory(scanner)
        return own or next((cause for cause in self._of_leavers.values() if cause is not None), None)

    def _of_memory(self, scanner: str) -> Cause | None:
        """Why a scanner of the user's own may say anything otherwise: what it saw, or who was a member."""
        if not self.causes.nature(scanner).remembers:
            return None
        members = (
            Cause(cause.why, f"{symbol}, a member it may look at: {cause.text}")
            for symbol, cause in self._of_members.items()
            if cause is not None
        )
        return self._of_scanners.get(scanner) or next(members, None)

    def _earlier(self, at: str, cause: Cause) -> Cause:
        """A cause of something that follows from what was at ``at``."""
        if cause.text.startswith("from "):
            return cause
        return Cause(cause.why, f"from {self.causes.clock(at)} on: {cause.text}")

    # -- members -------------------------------------------------------------------------------

    def _membership(self, pair: _Pair) -> Iterator[Difference]:
        then, now = pair.live, pair.backtest
        both = [one for one in (then, now) if one is not None]
        cause = self._of_holder(pair.symbol, both[0].holder)
        if cause is None and both[0].is_coming and {one.is_coming for one in both} == {True}:
            times = [one.at if one is not None else None for one in (then, now)]
            cause = self.causes.of_joining(pair.symbol, *times)
        cause = cause or self._of_members.get(pair.symbol)
        at = min(one.at for one in both)
        follow = cause and self._earlier(at, cause)
        self._of_members.setdefault(pair.symbol, follow)
        if not all(one.is_coming for one in both):
            self._of_leavers.setdefault(pair.symbol, follow)
        said = [self._said(one, is_coming=both[0].is_coming) for one in (then, now)]
        yield Difference(at, "readiness", both[0].scanner, pair.symbol, said[0], said[1], cause)

    def _of_holder(self, symbol: str, holder: str) -> Cause | None:
        """Why whoever brought a symbol in, or let it go, did otherwise."""
        scanner = holder.removeprefix("scanner:")
        if holder.startswith("strategy:"):  # it may act upon anything
            return next(
                (cause for cause in (*self._of_hits.values(), *self._of_members.values()) if cause), None
            )
        return self._of_hits.get((scanner, symbol)) or self._of_memory(scanner)

    def _said(self, change: _Change | None, *, is_coming: bool) -> str:
        if change is None:
            return "never joined" if is_coming else "never left"
        return f"{'ready' if change.is_coming else 'left'} {self.causes.clock(change.at)}"


@dataclass(frozen=True, slots=True)
class _Change:
    """A symbol that joined or left."""

    at: str
    holder: str
    is_coming: bool

    @property
    def scanner(self) -> str:
        return self.holder.removeprefix("scanner:") if self.holder.startswith("scanner:") else ""


@dataclass(frozen=True, slots=True)
class _Pair:
    """The so many-th change of a symbol, on both sides."""

    symbol: str
    live: _Change | None
    backtest: _Change | None


def _members(live: Sequence[Record], backtest: Sequence[Record]) -> Iterator[tuple[str, _Pair]]:
    """Who joined or left otherwise, and when that shows."""
    there, here = _changes_of(live), _changes_of(backtest)
    for symbol in sorted({**here, **there}):
        for then, now in zip_longest(there.get(symbol, ()), here.get(symbol, ())):
            is_same = then is not None and now is not None and then.is_coming == now.is_coming
            if not is_same or then.at != now.at:
                yield min(one.at for one in (then, now) if one is not None), _Pair(symbol, then, now)


def _changes_of(events: Sequence[Record]) -> dict[str, list[_Change]]:
    changes: dict[str, list[_Change]] = {}
    for one in events:
        if one["event"] == "symbol_added":
            added = _Change(one["ready_at"], one["holder"], True)
            changes.setdefault(one["symbol"], []).append(added)
        elif one["event"] == "symbols_removed":
            for symbol in one["symbols"]:
                changes.setdefault(symbol, []).append(_Change(one["at"], one["holder"], False))
    return changes


def _scans_of(events: Sequence[Record]) -> dict[_Key, Record]:
    scans = [one for one in events if one["event"] == "scan_finished"]
    return {(one["at"], one["scanner"], one["phase"]): one for one in scans}
