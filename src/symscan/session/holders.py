"""Who keeps which symbol: candidates are held lightly by scanners, members fully by anybody."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

CONFIG = "config"
"""The holder of the symbols the configuration names."""

MEMBERS = "members"
"""Under which the bars of earlier sessions are kept that every member is given."""

ADHOC = "adhoc"
"""The holder of symbols brought in from outside, by neither the configuration nor a plug-in."""


def scanner_holder(name: str) -> str:
    """The holder name of a scanner."""
    return f"scanner:{name}"


def strategy_holder(name: str) -> str:
    """The holder name of a strategy."""
    return f"strategy:{name}"


class Holders:
    """The holders of every symbol, in the order they came.

    A *candidate* has light data: session bars, readings and the specs its scanner asked for. A
    *member* has full data and is what strategies see. A symbol without a holder is let go.
    """

    def __init__(self) -> None:
        self._candidates: dict[str, dict[str, None]] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._locks: dict[str, dict[str, None]] = {}
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
        return tuple(dict.fromkeys([*self._members.get(symbol, ()), *light, *self._locks.get(symbol, ())]))

    def is_config(self, symbol: str) -> bool:
        """Whether the configuration names the symbol."""
        return CONFIG in self._members.get(symbol, ())

    def lock(self, symbol: str, reason: str) -> bool:
        """Lock the symbol for a reason; False if it was locked for that reason already."""
        self._own()
        reasons = self._locks.setdefault(symbol, {})
        if reason in reasons:
            return False
        reasons[reason] = None
        return True

    def unlock(self, symbol: str, reason: str | None = None) -> bool:
        """Take away one lock, or all of them; False if there was none."""
        self._own()
        reasons = self._locks.get(symbol, {})
        gone = [one for one in reasons if reason in (None, one)]
        for one in gone:
            del reasons[one]
        return bool(gone)

    def locks(self, symbol: str) -> tuple[str, ...]:
        """The reasons the symbol is locked for."""
        return tuple(self._locks.get(symbol, ()))

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
            self._candidates, self._members, self._locks = (
                {key: held.copy() for key, held in kept.items()}
                for kept in (self._candidates, self._members, self._locks)
            )
            self._is_shared = False

    def _keeps(self, symbol: str) -> bool:
        """Whether anybody keeps the symbol as more than a candidate."""
        return bool(self._members.get(symbol) or self._locks.get(symbol))
