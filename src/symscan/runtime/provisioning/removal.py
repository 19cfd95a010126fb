"""Remove symbols from the session, and their data once no holder keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symscan.model.events.session import Event, RequestRefused, SymbolsRemoved, SymbolUnlocked
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource


class SymbolRemoval:
    """Removes symbols from the session.

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
        """Release a holder's locks, candidates and specs, and all data no other holder keeps."""
        unlocked = self._release_locks(holder)
        free = self._data.holders.release(holder)
        free += [one for one in self._unheld(event.symbol for event in unlocked) if one not in free]
        self._data.indicators.release(holder)
        self._data.release_intervals(holder)
        return [*unlocked, *self._remove_unheld(free, holder)]

    def release_locks(self, holder: str) -> list[Event]:
        """Release a holder's locks, and remove symbols that no holder keeps any more."""
        unlocked = self._release_locks(holder)
        return [*unlocked, *self._remove_unheld(self._unheld(event.symbol for event in unlocked), holder)]

    def remove(self, symbols: Sequence[str], holder: str) -> list[Event]:
        """Remove symbols and data no other holder keeps; one may have been locked since the request."""
        known = [symbol for symbol in dict.fromkeys(symbols) if symbol in self._data.symbols]
        refusals = {symbol: why for symbol in known if (why := self._data.holders.kept_by(symbol))}
        refused = [
            RequestRefused(self._data.now, holder, f"remove_symbol {symbol}", why)
            for symbol, why in refusals.items()
        ]
        removed = [symbol for symbol in known if symbol not in refusals]
        if not removed:
            return [*refused]
        self._data.dismiss(removed, holder)
        self._free([symbol for symbol in removed if not self._data.holders.holders(symbol)])
        return [*refused, SymbolsRemoved(self._data.now, tuple(removed), holder)]

    def is_in_session(self, symbol: str) -> bool:
        """Whether the session has the symbol: with data, or as a member about to have it."""
        return symbol in self._data.symbols or self._data.holders.is_member(symbol)

    def remove_if_free(self, symbol: str, holder: str) -> list[Event]:
        """Remove a symbol that no holder keeps any more."""
        return self._remove_unheld(self._unheld([symbol]), holder)

    def _release_locks(self, holder: str) -> list[SymbolUnlocked]:
        now, released = self._data.now, self._data.holders.release_locks(holder)
        return [SymbolUnlocked(now, symbol, holder, reason) for symbol, reason in released]

    def _unheld(self, symbols: Iterable[str]) -> list[str]:
        """Return the symbols that have data and that no holder keeps."""
        known = (one for one in dict.fromkeys(symbols) if one in self._data.symbols)
        return [symbol for symbol in known if not self._data.holders.holders(symbol)]

    def _remove_unheld(self, symbols: Sequence[str], holder: str) -> list[Event]:
        if not symbols:
            return []
        self._free(symbols)
        return [SymbolsRemoved(self._data.now, tuple(symbols), holder)]

    def _free(self, symbols: Sequence[str]) -> None:
        """Free the rows of symbols no holder keeps."""
        self._source.unsubscribe(symbols)
        self._data.free_rows(symbols)
