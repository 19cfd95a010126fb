"""A bar store as data."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from symscan.sources.store.bar_store import BarStore


def open_store(path: Path | str) -> Store:
    """Open a bar store.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    return Store(BarStore(Path(path)))


class Store:
    """The bars of a store; make it with :func:`symscan.open_store`.

    Parameters
    ----------
    bars
        The store's files.
    """

    def __init__(self, bars: BarStore) -> None:
        self._bars = bars

    @property
    def path(self) -> Path:
        """The folder of the store."""
        return self._bars.root

    @property
    def intervals(self) -> list[str]:
        """The stored intervals, fine to coarse."""
        return [str(one) for one in self._bars.intervals()]

    @property
    def sessions(self) -> list[date]:
        """The dates with bars of any interval."""
        return sorted({day for one in self._bars.intervals() for day in self._bars.sessions(one)})

    def symbols(self) -> list[str]:
        """Return every symbol the store has bars of, in the order of the alphabet."""
        return sorted(self._bars.symbols())
