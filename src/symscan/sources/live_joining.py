"""Bars of symbols that are about to join: what was fetched, and what has come since."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from threading import Lock

import numpy as np

from symscan.sources.feed import Arrivals
from symscan.sources.live_bars import Trust
from symscan.sources.live_checks import chosen


class Joining:
    """Keeps bars of symbols that have no column yet; filled from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._symbols: set[str] = set()
        self._here: set[str] = set()
        self._prepared: set[str] = set()
        self._chunks: list[tuple[Trust, Arrivals]] = []

    def begin(self, symbols: Iterable[str]) -> None:
        """From now on keep what comes of these symbols; nothing of those that are here by now.

        Somebody else may have asked for them, too, and been first.
        """
        with self._lock:
            self._symbols.update(symbol for symbol in symbols if symbol not in self._here)

    def keep(self, arrivals: Arrivals, trust: Trust) -> None:
        """Keep those of the bars that are of symbols about to join."""
        with self._lock:
            kept = _of(arrivals, self._symbols) if self._symbols else None
            if kept is not None:
                self._chunks.append((trust, kept))

    def prepared(self, symbols: Iterable[str]) -> None:
        """All there was of these symbols before has been fetched."""
        with self._lock:
            self._prepared.update(self._symbols.intersection(symbols))

    def is_prepared(self, symbol: str) -> bool:
        """Whether nothing is missing of a symbol about to join."""
        with self._lock:
            return symbol in self._prepared

    def join(self, symbols: Iterable[str]) -> list[tuple[Trust, Arrivals]]:
        """Give out, in the order they came, the bars of symbols that join now."""
        with self._lock:
            self._here.update(symbols)
            return self._take(symbols)

    def leave(self, symbols: Iterable[str]) -> None:
        """Forget symbols, whether they joined or not."""
        with self._lock:
            self._here.difference_update(symbols)
            self._take(symbols)

    def _take(self, symbols: Iterable[str]) -> list[tuple[Trust, Arrivals]]:
        gone = self._symbols.intersection(symbols)
        if not gone:
            return []
        self._symbols -= gone
        self._prepared -= gone
        taken = [(trust, some) for trust, one in self._chunks if (some := _of(one, gone)) is not None]
        self._chunks = [
            (trust, rest) for trust, one in self._chunks if (rest := _of(one, self._symbols)) is not None
        ]
        return taken


def _of(arrivals: Arrivals, symbols: Collection[str]) -> Arrivals | None:
    mask = np.array([symbol in symbols for symbol in arrivals.symbols], np.bool_)
    if not mask.any():
        return None
    return arrivals if mask.all() else chosen(arrivals, mask)
