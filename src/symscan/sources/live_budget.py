"""Which symbols a feed is asked for, where it may not be asked for all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Fit:
    """What changed.

    Attributes
    ----------
    gained, dropped
        Symbols to subscribe, and no longer to.
    regained
        Those of the gained that had been left out.
    left_out
        Who has no place, if these are others than before; None if not.
    """

    gained: tuple[str, ...]
    dropped: tuple[str, ...]
    regained: tuple[str, ...]
    left_out: tuple[str, ...] | None


class Budget:
    """Places for symbols: first those preferred, then the others in the order they came.

    Parameters
    ----------
    limit
        How many places there are; None for as many as are wanted.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.placed: frozenset[str] = frozenset()
        self._wanted: dict[str, None] = {}
        self._preferred: tuple[str, ...] = ()
        self._left_out: frozenset[str] = frozenset()

    def want(self, symbols: Iterable[str]) -> None:
        """Ask for places."""
        self._wanted.update(dict.fromkeys(symbols))

    def forget(self, symbols: Iterable[str]) -> None:
        """Give up places."""
        for symbol in symbols:
            self._wanted.pop(symbol, None)

    def prefer(self, symbols: Iterable[str]) -> None:
        """These come first, if they want a place."""
        self._preferred = tuple(symbols)

    def fit(self) -> Fit:
        """Give out the places anew."""
        preferred = (symbol for symbol in self._preferred if symbol in self._wanted)
        order = dict.fromkeys([*preferred, *self._wanted])
        chosen = list(islice(order, self.limit))
        before, self.placed = self.placed, frozenset(chosen)
        gained = tuple(symbol for symbol in chosen if symbol not in before)
        regained = tuple(symbol for symbol in gained if symbol in self._left_out)
        left_out = tuple(symbol for symbol in self._wanted if symbol not in self.placed)
        is_same = self._left_out == frozenset(left_out)
        self._left_out = frozenset(left_out)
        return Fit(gained, tuple(sorted(before - self.placed)), regained, None if is_same else left_out)
