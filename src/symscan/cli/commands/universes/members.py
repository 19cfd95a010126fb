"""``symscan universe``: the members of a universe, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from symscan.errors import InputError, UniverseError
from symscan.formatting import format_count
from symscan.scanners.membership import Period, interruptions
from symscan.scanners.universe import Universe, load_universe, read_universe, universe_names
from symscan.sources.store.bar_store import BarStore

_FOLDERS = (Path(),)


def list_universes() -> None:
    """Print the names of all universes."""
    print("\n".join(universe_names(_FOLDERS)))


def list_universe(name: str, on: date | None) -> None:
    """Print the members of a universe, one a line.

    Raises
    ------
    UniverseError
        If there is none, it is malformed, or its members depend on a date and none is given.
    """
    if on is None and read_universe(name, _FOLDERS).periods is not None:
        raise UniverseError(f"the members of '{name}' depend on the date; give --on DATE")
    members = load_universe(name, _FOLDERS, on).symbols
    if not members:
        raise UniverseError(f"'{name}' has no members on {on}")
    print("\n".join(members))


def check_universe(name: str, store: Path | None) -> None:
    """Print what a universe holds, its interruptions, and the symbols a store lacks.

    Raises
    ------
    UniverseError
        If there is none, or it is malformed: overlapping periods with their lines.
    """
    file = read_universe(name, _FOLDERS)
    count = format_count(len(set(file.symbols)), "symbol")
    if file.periods is None:
        dated = "undated" if file.as_of is None else f"as of {file.as_of}"
        print(
            f"{file.path}: {count}, {dated}: the same on every date, so earlier sessions lack who has left."
        )
    else:
        print(f"{file.path}: {count} in {format_count(len(file.periods), 'period')}, none overlapping.")
        for line in _interrupted(file.periods):
            print(line)
        if file.is_partly_undated:
            print(
                "  A part of it is undated: the same on every date, so earlier sessions lack who has left it."
            )
    if store is not None:
        for line in _lacking(file, BarStore(store)):
            print(line)


def _interrupted(periods: tuple[Period, ...]) -> Iterator[str]:
    for earlier, later in interruptions(periods):
        lines = f" (lines {earlier.line} and {later.line})" if later.line else ""  # of one made of others
        yield f"  {later.symbol} is no member from {earlier.end} to {later.start}{lines}"


def _lacking(file: Universe, store: BarStore) -> Iterator[str]:
    """Describe who is a member on the dates of a store, and has no bars there."""
    days = sorted({day for interval in store.intervals() for day in store.sessions(interval)})
    if not days:
        raise InputError(f"{store.root} has no bars; import some with 'symscan data import'")
    members = file.symbols
    if file.periods is not None:
        members = tuple(dict.fromkeys(one.symbol for one in file.periods if one.meets(days[0], days[-1])))
    stored = store.symbols()
    missing = [symbol for symbol in members if symbol not in stored]
    when = f"{len(members)} are members on any date from {days[0]} to {days[-1]}"
    yield f"{store.root}: {when}; it has no bars of {len(missing)}" + (":" if missing else ".")
    yield from (f"  {symbol}" for symbol in missing)
