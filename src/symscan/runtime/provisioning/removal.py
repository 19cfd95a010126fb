"""Letting symbols go: out of the session, and with the last who keeps one, all its data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symscan.model.events.session import Event, RequestRefused, SymbolsRemoved, SymbolUnlocked
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource


class SymbolRemoval:
    """Takes symbols out of the session.

    Parameters
    ----------
    data
        The session.
    source
        Where its bars come from.
    """

    def __init__(self, data: SessionData, source: BarSource) -> None:
        self._data = data
        self._source = source

    def release(self, holder: str) -> list[Event]:
        """Let go of a holder's locks, candidates and specs, and of all data nobody else keeps."""
        unlocked = self._release_locks(holder)
        free = self._data.holders.release(holder)
        free += [one for one in self._unkept(event.symbol for event in unlocked) if one not in free]
        self._data.indicators.release(holder)
        self._data.release_intervals(holder)
        return [*unlocked, *self._let_go(free, holder)]

    def release_locks(self, holder: str) -> list[Event]:
        """Release a holder's locks, and let go of what nobody keeps any more."""
        unlocked = self._release_locks(holder)
        return [*unlocked, *self._let_go(self._unkept(event.symbol for event in unlocked), holder)]

    def remove(self, symbols: Sequence[str], holder: str) -> list[Event]:
        """Let go of symbols and what nobody else keeps; one may have been locked since it was asked."""
        here = [symbol for symbol in dict.fromkeys(symbols) if symbol in self._data.symbols]
        kept = {symbol: why for symbol in here if (why := self._data.holders.kept_by(symbol))}
        refused = [
            RequestRefused(self._data.now, holder, f"remove_symbol {symbol}", why)
            for symbol, why in kept.items()
        ]
        going = [symbol for symbol in here if symbol not in kept]
        if not going:
            return [*refused]
        self._data.dismiss(going, holder)
        self._free([symbol for symbol in going if not self._data.holders.holders(symbol)])
        return [*refused, SymbolsRemoved(self._data.now, tuple(going), holder)]

    def is_here(self, symbol: str) -> bool:
        """Whether the session has the symbol, with data or about to have it."""
        return symbol in self._data.symbols or self._data.holders.is_member(symbol)

    def if_free(self, symbol: str, holder: str) -> list[Event]:
        """Let go of a symbol that nobody keeps any more."""
        return self._let_go(self._unkept([symbol]), holder)

    def _release_locks(self, holder: str) -> list[SymbolUnlocked]:
        now, released = self._data.now, self._data.holders.release_locks(holder)
        return [SymbolUnlocked(now, symbol, holder, reason) for symbol, reason in released]

    def _unkept(self, symbols: Iterable[str]) -> list[str]:
        """Those of the symbols that have data and that nobody keeps."""
        here = (one for one in dict.fromkeys(symbols) if one in self._data.symbols)
        return [symbol for symbol in here if not self._data.holders.holders(symbol)]

    def _let_go(self, symbols: Sequence[str], holder: str) -> list[Event]:
        if not symbols:
            return []
        self._free(symbols)
        return [SymbolsRemoved(self._data.now, tuple(symbols), holder)]

    def _free(self, symbols: Sequence[str]) -> None:
        """Give up the rows of symbols nobody keeps."""
        self._source.unsubscribe(symbols)
        self._data.free_rows(symbols)
