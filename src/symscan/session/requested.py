"""Which indicators, intervals and symbols each holder has requested, loaded by now or not."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

from msgspec import Struct

from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.session.requests import AddBars, AddIndicator, AddSymbol, AnyRequest, LockSymbol

Requestable = IndicatorSpec | Interval


class Unanswered(Struct, frozen=True):
    """An indicator that was read of a symbol and had no reading: not requested, or still being loaded."""

    spec: IndicatorSpec
    is_requested: bool


class Requested:
    """Everything each holder ever requested in the session; only grows.

    A request stays known while its data is being loaded, and after its symbols have left: what is
    requested may be unknown; reading what is not requested is an error.
    """

    def __init__(self) -> None:
        self._by_holder: dict[str, frozenset[Requestable]] = {}
        self._symbols: dict[str, frozenset[str]] = {}

    def pinned(self) -> Requested:
        """Return a copy that stays as this one is now."""
        return copy(self)  # what is added replaces a mapping and never changes it

    def has(self, what: Requestable, *holders: str) -> bool:
        """Whether one of the holders requested an indicator or an interval."""
        return any(what in self._by_holder.get(holder, ()) for holder in holders)

    def add(self, holder: str, *what: Requestable) -> None:
        """Record indicators and intervals; an intraday indicator brings the bars it reads."""
        bars = [one.interval for one in what if isinstance(one, IndicatorSpec) and one.interval.is_intraday]
        before = self._by_holder.get(holder, frozenset())
        after = before.union(what, bars)
        if len(after) > len(before):
            self._by_holder = {**self._by_holder, holder: after}

    def any(self, what: Requestable) -> bool:
        """Whether any holder requested an indicator or an interval."""
        return any(what in requested for requested in self._by_holder.values())

    def names_symbol(self, symbol: str, *holders: str) -> bool:
        """Whether one of the holders requested anything of a symbol."""
        return any(symbol in self._symbols.get(holder, ()) for holder in holders)

    def has_symbols(self, holder: str) -> bool:
        """Whether the holder requested anything of any symbol."""
        return holder in self._symbols

    def add_symbols(self, holder: str, symbols: Iterable[str]) -> None:
        """Record symbols of which a holder requests data, or which it would make members."""
        before = self._symbols.get(holder, frozenset())
        after = before.union(symbols)
        if len(after) > len(before):
            self._symbols = {**self._symbols, holder: after}

    def add_requests(self, requests: Iterable[AnyRequest]) -> None:
        """Record what requests name."""
        for request in requests:
            if isinstance(request, AddIndicator | AddBars):
                self.add_symbols(request.holder, request.symbols)
            elif isinstance(request, AddSymbol | LockSymbol):
                self.add_symbols(request.holder, (request.symbol,))
            if isinstance(request, AddIndicator):
                self.add(request.holder, request.spec)
            elif isinstance(request, AddBars) and (request.days or request.interval.is_intraday):
                self.add(request.holder, request.interval)


def missing_call(what: Requestable) -> str:
    """Describe what was read and never requested, and the call that requests it."""
    if isinstance(what, IndicatorSpec):
        missing, call = f"{what.key} was", f'add_indicator(symbols, "{what.key}")'
    elif what.is_intraday:
        missing, call = f"{what} bars were", f'add_session_bars(symbols, "{what}")'
    else:
        missing, call = f"{what} bars were", f'add_historical_bars(symbols, "{what}", days)'
    return f"{missing} not requested: call context.session_data.{call}"
