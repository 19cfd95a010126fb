"""The holders of each symbol: scanners hold candidates, with light data; members have full data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import chain

CONFIG = "config"
"""The holder of the symbols the configuration names."""

MEMBERS = "members"
"""Under which the bars of earlier sessions are kept that every member is given."""

SCRIPT = "script"
"""The holder of a script's requests, which is neither the configuration nor a plug-in."""


def scanner_holder(name: str) -> str:
    """The holder name of a scanner."""
    return f"scanner:{name}"


def strategy_holder(name: str) -> str:
    """The holder name of a strategy."""
    return f"strategy:{name}"


def trade_reason(holder: str) -> str:
    """Why a strategy locks what it trades."""
    return f"{holder} trades it"


class Holders:
    """The holders of every symbol, in the order they were added.

    A *candidate* has light data: session bars, readings and the specs its scanner requested. A
    *member* has full data and is visible to strategies. A symbol without a holder is removed.
    """

    def __init__(self) -> None:
        self._candidates: dict[str, dict[str, None]] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._locks: dict[str, dict[tuple[str, str], None]] = {}
        self._traded: dict[str, frozenset[str]] = {}
        self._is_shared = False

    def pinned(self) -> Holders:
        """Return a copy that stays as it is now; nothing is copied until one of them changes."""
        self._is_shared = True
        return copy(self)

    def add_candidates(self, holder: str, symbols: Iterable[str]) -> None:
        """Add candidates of a holder; those it has already keep their position."""
        self._own()
        self._candidates.setdefault(holder, {}).update(dict.fromkeys(symbols))

    def candidates(self, holder: str) -> tuple[str, ...]:
        """Return a holder's candidates, in the order it requested them."""
        return tuple(self._candidates.get(holder, ()))

    def is_candidate(self, symbol: str, holder: str) -> bool:
        """Whether the symbol is a candidate of a holder."""
        return symbol in self._candidates.get(holder, ())

    def all_candidates(self) -> tuple[str, ...]:
        """Return the candidates of all holders, each once."""
        return tuple(dict.fromkeys(chain.from_iterable(self._candidates.values())))

    def add_member(self, symbol: str, holder: str) -> bool:
        """Make a symbol a member for a holder; True if it was no member before."""
        self._own()
        is_new = symbol not in self._members
        self._members.setdefault(symbol, {})[holder] = None
        return is_new

    def members(self) -> tuple[str, ...]:
        """Return the members, in the order they were added."""
        return tuple(self._members)

    def is_member(self, symbol: str) -> bool:
        return symbol in self._members

    def not_members(self, symbols: Sequence[str]) -> list[str]:
        """Return those of the symbols that are no members."""
        return [symbol for symbol in symbols if symbol not in self._members]

    def holders(self, symbol: str) -> tuple[str, ...]:
        """Return the symbol's holders as a member, then as a candidate, then the reasons of its locks."""
        light = (holder for holder, held in self._candidates.items() if symbol in held)
        return tuple(dict.fromkeys([*self._members.get(symbol, ()), *light, *self.locks(symbol)]))

    def is_config(self, symbol: str) -> bool:
        """Whether the configuration names the symbol."""
        return CONFIG in self._members.get(symbol, ())

    def lock(self, symbol: str, holder: str, reason: str) -> bool:
        """Lock the symbol for a holder; False if it has locked it for that reason already."""
        self._own()
        locks = self._locks.setdefault(symbol, {})
        if (holder, reason) in locks:
            return False
        locks[holder, reason] = None
        return True

    def unlock(self, symbol: str, holder: str, reason: str | None = None) -> bool:
        """Release one lock of a holder, or all it may release; False if there was none."""
        self._own()
        gone = [one for one in self.releasable(symbol, holder) if reason in (None, one)]
        for one in gone:
            del self._locks[symbol][holder, one]
        return bool(gone)

    def locks(self, symbol: str) -> tuple[str, ...]:
        """Return the reasons the symbol is locked for, by any holder."""
        return tuple(dict.fromkeys(reason for _, reason in self._locks.get(symbol, ())))

    def locks_by_holder(self, symbol: str) -> tuple[tuple[str, str], ...]:
        """The locks of the symbol, each with its holder and its reason."""
        return tuple(self._locks.get(symbol, ()))

    def releasable(self, symbol: str, holder: str) -> tuple[str, ...]:
        """The reasons of a holder's locks, without that of a trade which is still open."""
        kept = trade_reason(holder) if self.trades(symbol, holder) else None
        reasons = (reason for by, reason in self._locks.get(symbol, ()) if by == holder)
        return tuple(reason for reason in reasons if reason != kept)

    def release_locks(self, holder: str) -> list[tuple[str, str]]:
        """Release all locks of a holder that ends; returns them as symbol and reason."""
        released = [(symbol, one) for symbol in self._locks for one in self.releasable(symbol, holder)]
        for symbol, reason in released:
            self.unlock(symbol, holder, reason)
        return released

    def set_traded(self, holder: str, symbols: Iterable[str]) -> None:
        """Record the symbols a strategy has an open trade in, or an order for: they must not be removed."""
        self._traded = {**self._traded, holder: frozenset(symbols)}

    def trades(self, symbol: str, holder: str) -> bool:
        """Whether a strategy has an open trade in the symbol, or an order for it."""
        return symbol in self._traded.get(holder, ())

    def kept_by(self, symbol: str, locks: tuple[str, ...] | None = None) -> str | None:
        """Why the symbol must not be removed, None if it may be; ``locks`` are others than it has now."""
        if self.is_config(symbol):
            return "the configuration names it"
        if reasons := self.locks(symbol) if locks is None else locks:
            return f"it is locked: {', '.join(reasons)}"
        traders = [holder for holder, symbols in self._traded.items() if symbol in symbols]
        return trade_reason(traders[0]) if traders else None

    def release(self, holder: str) -> list[str]:
        """Release a holder's candidates; return those without any holder left."""
        self._own()
        given_up = self._candidates.pop(holder, {})
        kept = dict.fromkeys(self.all_candidates())
        return [symbol for symbol in given_up if symbol not in kept and not self._keeps(symbol)]

    def dismiss(self, symbols: Iterable[str], holder: str) -> None:
        """Remove symbols from the members and from one holder's candidates; other holders keep theirs."""
        self._own()
        for symbol in symbols:
            self._members.pop(symbol, None)
            self._candidates.get(holder, {}).pop(symbol, None)

    def remove(self, symbols: Iterable[str]) -> None:
        """Remove the symbols with all their holders."""
        self._own()
        for symbol in symbols:
            self._members.pop(symbol, None)
            self._locks.pop(symbol, None)
            for held in self._candidates.values():
                held.pop(symbol, None)

    def _own(self) -> None:
        """Copy what is shared, before a change."""
        if self._is_shared:
            self._candidates, self._members = (
                {key: held.copy() for key, held in kept.items()} for kept in (self._candidates, self._members)
            )
            self._locks = {symbol: locks.copy() for symbol, locks in self._locks.items()}
            self._is_shared = False

    def _keeps(self, symbol: str) -> bool:
        """Whether the symbol is a member or locked."""
        return bool(self._members.get(symbol) or self._locks.get(symbol))
