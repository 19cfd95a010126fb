"""Who keeps which symbol: candidates are held lightly by scanners, members fully by anybody."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

CONFIG = "config"
"""The holder of the symbols the configuration names."""

MEMBERS = "members"
"""Under which the bars of earlier sessions are kept that every member is given."""

SCRIPT = "script"
"""The holder of what a script asks for, which is neither the configuration nor a plug-in."""


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
    """The holders of every symbol, in the order they came.

    A *candidate* has light data: session bars, readings and the specs its scanner asked for. A
    *member* has full data and is what strategies see. A symbol without a holder is let go.
    """

    def __init__(self) -> None:
        self._candidates: dict[str, dict[str, None]] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._locks: dict[str, dict[tuple[str, str], None]] = {}
        self._traded: dict[str, frozenset[str]] = {}
        self._is_shared = False

    def pinned(self) -> Holders:
        """Holders that stay as they are now; nothing is copied until somebody comes or goes."""
        self._is_shared = True
        return copy(self)

    def add_candidates(self, holder: str, symbols: Iterable[str]) -> None:
        """Let a holder keep symbols lightly; those it keeps already stay where they are."""
        self._own()
        self._candidates.setdefault(holder, {}).update(dict.fromkeys(symbols))

    def candidates(self, holder: str) -> tuple[str, ...]:
        """The symbols a holder keeps lightly, in the order it asked for them."""
        return tuple(self._candidates.get(holder, ()))

    def is_candidate(self, symbol: str, holder: str) -> bool:
        """Whether a holder keeps the symbol lightly."""
        return symbol in self._candidates.get(holder, ())

    def all_candidates(self) -> tuple[str, ...]:
        """Every symbol somebody keeps lightly, each once."""
        return tuple(dict.fromkeys(symbol for held in self._candidates.values() for symbol in held))

    def add_member(self, symbol: str, holder: str) -> bool:
        """Let a holder keep a symbol fully; True if the symbol was no member before."""
        self._own()
        is_new = symbol not in self._members
        self._members.setdefault(symbol, {})[holder] = None
        return is_new

    def members(self) -> tuple[str, ...]:
        """The members, in the order they came."""
        return tuple(self._members)

    def is_member(self, symbol: str) -> bool:
        return symbol in self._members

    def holders(self, symbol: str) -> tuple[str, ...]:
        """Who keeps the symbol: full holders, then light ones, then the reasons of its locks."""
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
        """The reasons the symbol is locked for, whoever locked it."""
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
        """Record the symbols a strategy has an open trade in, or an order for: nobody may remove them."""
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
        """Let a holder give up its candidates; returns those that nobody keeps any more."""
        self._own()
        given_up = self._candidates.pop(holder, {})
        kept = dict.fromkeys(self.all_candidates())
        return [symbol for symbol in given_up if symbol not in kept and not self._keeps(symbol)]

    def dismiss(self, symbols: Iterable[str], holder: str) -> None:
        """Make symbols members no more, and no candidates of one holder; others' candidates they stay."""
        self._own()
        for symbol in symbols:
            self._members.pop(symbol, None)
            self._candidates.get(holder, {}).pop(symbol, None)

    def remove(self, symbols: Iterable[str]) -> None:
        """Forget the symbols with all their holders."""
        self._own()
        for symbol in symbols:
            self._members.pop(symbol, None)
            self._locks.pop(symbol, None)
            for held in self._candidates.values():
                held.pop(symbol, None)

    def _own(self) -> None:
        """Before a change: leave what is shared to the others."""
        if self._is_shared:
            self._candidates, self._members = (
                {key: held.copy() for key, held in kept.items()} for kept in (self._candidates, self._members)
            )
            self._locks = {symbol: locks.copy() for symbol, locks in self._locks.items()}
            self._is_shared = False

    def _keeps(self, symbol: str) -> bool:
        """Whether anybody keeps the symbol as more than a candidate."""
        return bool(self._members.get(symbol) or self._locks.get(symbol))
