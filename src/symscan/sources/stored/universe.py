"""The universe ``store``: the symbols a store knows before a session begins."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from symscan.errors import UniverseError
from symscan.model.interval import Interval
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.catalogue import catalogue_state


def symbols_before(root: Path, day: date) -> tuple[str, ...]:
    """The symbols with bars of a session's interval in sessions before it, in the order of the alphabet.

    So a symbol that is listed later is not known. Before the store's first session nothing is: there,
    they are those of that session itself.

    Parameters
    ----------
    root
        The folder of the store.
    day
        The date of the session. Its interval is the finest of its date; if it has none yet, of the store.

    Raises
    ------
    DataError
        If there is no store, or it cannot be read.
    UniverseError
        If it has no bars.
    """
    return _symbols_before(root, day, catalogue_state(root))


def symbols_stored(root: Path, day: date) -> tuple[frozenset[str], ...]:
    """Return the symbols that a store has bars of: those of a date, if it has any of it; then all.

    They say under which of its symbols a company is stored, and nothing else.
    """
    return _symbols_stored(root, day, catalogue_state(root))


@lru_cache(maxsize=8)
def _symbols_stored(root: Path, day: date, state: object) -> tuple[frozenset[str], ...]:
    store = _opened(root, state)
    interval = store.base(day)
    every = frozenset(store.symbols())
    return (every,) if interval is None else (frozenset(store.symbols_on(interval, [day])), every)


@lru_cache(maxsize=8)
def _symbols_before(root: Path, day: date, state: object) -> tuple[str, ...]:
    store = _opened(root, state)
    interval = _interval(store, day)
    if interval is None:
        raise UniverseError(
            f"universe 'store': {root} has no bars, so it knows no symbols; "
            "import or fetch some, or name another universe"
        )
    days = store.sessions(interval)
    return tuple(store.symbols_on(interval, [one for one in days if one < day] or days[:1]))


@lru_cache(maxsize=2)
def _opened(root: Path, _state: object) -> BarStore:
    return BarStore(root)


def _interval(store: BarStore, day: date) -> Interval | None:
    return store.base(day) or min(store.intervals(), default=None)
