"""Requests of plug-ins: recorded while they run, applied by the coordinator between slices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from msgspec import Struct

from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec


class AddIndicator(Struct, frozen=True):
    """Load and keep an indicator for some symbols."""

    holder: str
    symbols: tuple[str, ...]
    spec: IndicatorSpec


class AddBars(Struct, frozen=True):
    """Load and keep bars of an interval: this session's, and those of ``days`` sessions before it."""

    holder: str
    symbols: tuple[str, ...]
    interval: Interval
    days: int = 0


class AddSymbol(Struct, frozen=True):
    """Add a symbol to the session as a member."""

    holder: str
    symbol: str


class RemoveSymbol(Struct, frozen=True):
    """Remove a symbol and all its data."""

    holder: str
    symbol: str


class LockSymbol(Struct, frozen=True):
    """Keep a symbol until it is unlocked."""

    holder: str
    symbol: str
    reason: str


class UnlockSymbol(Struct, frozen=True):
    """Release one lock of a symbol, or all (``reason`` None)."""

    holder: str
    symbol: str
    reason: str | None = None


class ReleaseLocks(Struct, frozen=True):
    """Release every lock of a holder that ends before the session does."""

    holder: str


class AdmitMembers(Struct, frozen=True):
    """Make symbols members, for the hits of a scan or from outside; those that are members stay as they are.

    ``streams`` and ``history_days`` None stand for what the holder's members have.
    """

    holder: str
    symbols: tuple[str, ...]
    streams: tuple[Interval, ...] | None = None
    history_days: int | None = None


class ReleaseHolder(Struct, frozen=True):
    """Release all that a holder holds that ends before the session does."""

    holder: str


class Refused(Struct, frozen=True):
    """A request that is not allowed: not applied, but published as an event."""

    holder: str
    symbol: str
    request: str
    reason: str


Change = AddSymbol | RemoveSymbol | LockSymbol | UnlockSymbol
DataRequest = AddIndicator | AddBars
Request = DataRequest | Change | ReleaseLocks | Refused
"""What a plug-in requests."""

AnyRequest = Request | AdmitMembers | ReleaseHolder
"""The same, and what the session requests for it."""


class RequestQueue:
    """The pending requests of one plug-in.

    Requests for many symbols one by one are gathered: 500 calls for one indicator are one request.
    """

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self._indicators: dict[IndicatorSpec, dict[str, None]] = {}
        self._bars: dict[tuple[Interval, int], dict[str, None]] = {}
        self._changes: list[Change | ReleaseLocks | Refused] = []
        self._by_symbol: dict[str, list[Change]] = {}

    def add_indicator(self, symbols: Iterable[str], spec: IndicatorSpec) -> None:
        """Add a request for an indicator."""
        self._indicators.setdefault(spec, {}).update(dict.fromkeys(symbols))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is pending."""
        return not (self._indicators or self._bars or self._changes)

    def put_first(self, symbols: Iterable[str], interval: Interval) -> None:
        """Request these symbols' session bars before everything requested so far."""
        first = dict.fromkeys(symbols)
        self._bars = {(interval, 0): {**first, **self._bars.pop((interval, 0), {})}, **self._bars}

    def specs(self) -> tuple[IndicatorSpec, ...]:
        """Return the indicators requested and pending."""
        return tuple(self._indicators)

    def pending_symbols(self, spec: IndicatorSpec) -> Collection[str]:
        """Return the symbols for which an indicator is requested and pending."""
        return self._indicators.get(spec, ())

    def includes(self, what: IndicatorSpec | Interval) -> bool:
        """Whether a request for an indicator or bars of an interval is pending."""
        if isinstance(what, IndicatorSpec):
            return what in self._indicators
        if any(what == interval and (days or what.is_intraday) for interval, days in self._bars):
            return True
        return what.is_intraday and any(what == spec.interval for spec in self._indicators)

    def add_bars(self, symbols: Iterable[str], interval: Interval, days: int) -> None:
        """Add a request for bars."""
        self._bars.setdefault((interval, days), {}).update(dict.fromkeys(symbols))

    def has_bars(self, symbol: str, interval: Interval, days: int) -> bool:
        """Whether a request for at least as many days of those bars is pending."""
        return any(
            requested == interval and most >= days and symbol in symbols
            for (requested, most), symbols in self._bars.items()
        )

    def has_data_requests(self, symbol: str) -> bool:
        """Whether a request for any data of the symbol is pending."""
        return any(symbol in symbols for symbols in (*self._bars.values(), *self._indicators.values()))

    def change_symbol(self, request: Change) -> None:
        """Request a change of a symbol; a removal cancels the requests for its data."""
        if isinstance(request, RemoveSymbol):
            for symbols in (*self._bars.values(), *self._indicators.values()):
                symbols.pop(request.symbol, None)
        self._changes.append(request)
        self._by_symbol.setdefault(request.symbol, []).append(request)

    def is_being_removed(self, symbol: str) -> bool:
        """Whether the symbol is to be removed, with the data it has."""
        return any(isinstance(one, RemoveSymbol) for one in self._by_symbol.get(symbol, ()))

    def release_locks(self) -> None:
        """Request the release of all locks of the holder, after its pending requests."""
        self._changes.append(ReleaseLocks(self.holder))

    def refuse(self, symbol: str, request: str, reason: str) -> None:
        """Record that a request is not allowed, so that the session publishes it."""
        self._changes.append(Refused(self.holder, symbol, f"{request} {symbol}", reason))

    def symbol_changes(self, symbol: str) -> Sequence[Change]:
        """Return the pending changes of a symbol, in order."""
        return self._by_symbol.get(symbol, ())

    def drop_additions(self) -> None:
        """Drop requests for data and symbols: a holder that is done may only lock and remove."""
        self._changes = [one for one in self._changes if not isinstance(one, AddSymbol)]
        self._bars, self._indicators, self._by_symbol = {}, {}, {}

    def replace_with(self, other: RequestQueue) -> None:
        """Take over the requests of a copy of this queue from another process."""
        self._indicators, self._bars = other._indicators, other._bars
        self._changes, self._by_symbol = other._changes, other._by_symbol

    def drain(self) -> list[Request]:
        """Return and clear all requests: bars and indicators first, then changes of symbols in order.

        Bars and indicators of symbols that are removed and requested again come last.
        """
        if self.is_empty:
            return []
        leaving = {symbol for symbol in self._by_symbol if self.is_being_removed(symbol)}
        drained: list[Request] = [
            *self._data(None if not leaving else lambda symbol: symbol not in leaving),
            *self._changes,
            *(self._data(leaving.__contains__) if leaving else ()),
        ]
        self._bars, self._indicators, self._changes, self._by_symbol = {}, {}, [], {}
        return drained

    def _data(self, chosen: Callable[[str], bool] | None) -> Iterator[DataRequest]:
        """Yield the requests for data of some symbols, of all without a choice."""
        for (interval, days), symbols in self._bars.items():
            if some := tuple(symbols if chosen is None else filter(chosen, symbols)):
                yield AddBars(self.holder, some, interval, days)
        for spec, symbols in self._indicators.items():
            if some := tuple(symbols if chosen is None else filter(chosen, symbols)):
                yield AddIndicator(self.holder, some, spec)
