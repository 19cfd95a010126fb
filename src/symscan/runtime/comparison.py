"""What a live session and a backtest say otherwise, one difference at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from symscan.runtime.parity_causes import Causes

_OF_A_HIT: Final = ("new", "price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end")

Record = Mapping[str, Any]
"""An event as the journal has it."""

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same live and in the backtest.

    Attributes
    ----------
    at
        The instant the scan was as of, or at which the symbol joined; ISO 8601.
    kind
        ``scan``, ``hit``, ``reading``, ``count`` or ``readiness``.
    scanner
        Whose.
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
    cause: str | None


class Comparison:
    """Compares the journals of a session, live and as a backtest.

    Parameters
    ----------
    causes
        What the live one says of what went wrong.
    """

    def __init__(self, causes: Causes) -> None:
        self._causes = causes
        self._of_symbols: dict[str, str | None] = {}
        """Symbols that were found otherwise, and why: what follows from it has the same cause."""

    def of(self, live: Sequence[Record], backtest: Sequence[Record]) -> list[Difference]:
        """Every difference, in the order of time."""
        found = [*self._scans(live, backtest), *self._readiness(live, backtest)]
        return sorted(found, key=lambda one: (one.at, one.scanner))

    def _scans(self, live: Sequence[Record], backtest: Sequence[Record]) -> Iterator[Difference]:
        there, here = _scans_of(live), _scans_of(backtest)
        for key in sorted({**here, **there}):
            then, now = there.get(key), here.get(key)
            if then is None:
                yield self._missing(key, now or {})
            elif now is None:
                yield Difference(key[0], "scan", key[1], None, then["outcome"], "none", None)
            elif then["outcome"] != now["outcome"]:
                yield self._ended_otherwise(then, now)
            else:
                yield from self._found(then, now)

    def _missing(self, key: _Key, backtest: Record) -> Difference:
        cause = "the session was broken off before its result came in"
        self._blame(backtest, cause)
        return Difference(key[0], "scan", key[1], None, "none", backtest["outcome"], cause)

    def _ended_otherwise(self, live: Record, backtest: Record) -> Difference:
        cause = self._causes.of_scan(live)
        self._blame(live, cause)
        self._blame(backtest, cause)
        return Difference(
            live["at"], "scan", live["scanner"], None, live["outcome"], backtest["outcome"], cause
        )

    def _blame(self, scan: Record, cause: str | None) -> None:
        for symbol in scan["hits"]["symbols"]:
            self._of_symbols[symbol] = cause

    def _found(self, live: Record, backtest: Record) -> Iterator[Difference]:
        then, now = _hits_of(live), _hits_of(backtest)
        for symbol in dict.fromkeys([*then, *now]):
            if symbol not in now or symbol not in then:
                cause = self._cause(live, symbol)
                self._of_symbols[symbol] = cause
                said = ("found", "not found") if symbol in then else ("not found", "found")
                yield Difference(live["at"], "hit", live["scanner"], symbol, *said, cause)
            elif then[symbol] != now[symbol]:
                yield self._read_otherwise(live, symbol, then[symbol], now[symbol])
        yield from self._ranked(
            live, [one for one in then if one in now], [one for one in now if one in then]
        )
        yield from self._counted(live, backtest)

    def _read_otherwise(self, live: Record, symbol: str, then: Record, now: Record) -> Difference:
        differing = [name for name in then if then[name] != now[name]]
        said = [", ".join(f"{name} {one[name]}" for name in differing) for one in (then, now)]
        kind = "hit" if differing == ["new"] else "reading"
        return Difference(
            live["at"], kind, live["scanner"], symbol, said[0], said[1], self._cause(live, symbol)
        )

    def _ranked(self, live: Record, then: list[str], now: list[str]) -> Iterator[Difference]:
        if then != now:
            place = next(
                place for place, pair in enumerate(zip(then, now, strict=True)) if pair[0] != pair[1]
            )
            said = [f"{one[place]} at rank {place + 1}" for one in (then, now)]
            cause = self._causes.of_others(live, [*then, *self._causes.symbols()])
            yield Difference(live["at"], "hit", live["scanner"], None, said[0], said[1], cause)

    def _counted(self, live: Record, backtest: Record) -> Iterator[Difference]:
        for name in ("universe", "unknown"):
            if live[name] != backtest[name]:
                cause = self._causes.of_others(live, self._causes.symbols())
                said = [f"{one[name]} {name}" for one in (live, backtest)]
                yield Difference(live["at"], "count", live["scanner"], None, said[0], said[1], cause)

    def _cause(self, live: Record, symbol: str) -> str | None:
        """Why a symbol is seen otherwise: its own bars, what was before, or others it is weighed against."""
        own = self._causes.of_symbol(live, symbol)
        if own is not None:
            return own
        earlier = self._of_symbols.get(symbol)
        if earlier is not None:
            return f"follows from before: {earlier}"
        return self._causes.of_others(live, self._causes.symbols())

    def _readiness(self, live: Sequence[Record], backtest: Sequence[Record]) -> Iterator[Difference]:
        there, here = _added(live), _added(backtest)
        for symbol in dict.fromkeys([*there, *here]):
            then, now = there.get(symbol), here.get(symbol)
            if then != now:
                at = now or then or ""
                cause = self._of_symbols.get(symbol)
                if cause is None and then is not None and now is not None and then > now:
                    cause = "loaded beside the stream"
                said = [f"ready {one}" if one else "never joined" for one in (then, now)]
                yield Difference(at, "readiness", "", symbol, said[0], said[1], cause)


def _scans_of(events: Sequence[Record]) -> dict[_Key, Record]:
    scans = [one for one in events if one["event"] == "scan_finished"]
    return {(one["at"], one["scanner"], one["phase"]): one for one in scans}


def _added(events: Sequence[Record]) -> dict[str, str]:
    return {one["symbol"]: one["ready_at"] for one in events if one["event"] == "symbol_added"}


def _hits_of(scan: Record) -> dict[str, dict[str, Any]]:
    """What is known of each symbol of a scan, in the order of their rank."""
    hits = scan["hits"]
    return {
        symbol: {name: hits[name][place] for name in _OF_A_HIT}
        | {"metadata": _metadata(hits["metadata"], symbol, place)}
        for place, symbol in enumerate(hits["symbols"])
    }


def _metadata(metadata: Record, symbol: str, place: int) -> Any:
    """Of one symbol: from columns over all symbols, or from an entry of its own."""
    columns = {name: value[place] for name, value in metadata.items() if isinstance(value, list)}
    return columns if columns and len(columns) == len(metadata) else metadata.get(symbol)
