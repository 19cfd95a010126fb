"""Universes made of others: who is in any of some, in all of some, and in none of some."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from symscan.errors import UniverseError
from symscan.model.universes.universe_spec import (
    ALL,
    ANY,
    EXCEPT,
    SET_KEYS,
    SYMBOLS,
    UniverseSpec,
    name_of,
    set_faults,
)
from symscan.scanners.membership import Period
from symscan.scanners.universe_model import STORE, Universe
from symscan.session.static_columns import Static

Load = Callable[[str], Universe]
"""Loads a universe by name or path, with all its periods."""

_Row = tuple[date, date, int]


def load_set(spec: UniverseSpec, load: Load, where: str = "") -> Universe:
    """Load a universe made of others, with all periods of membership where a part has some.

    Symbols are in the order in which they are named first; a column's value is that of the first part
    that knows it.

    Raises
    ------
    UniverseError
        If a part is missing or malformed, or nothing is left; ``part`` says which.
    """
    if isinstance(spec, str) or (not where and not isinstance(spec, Mapping)):
        try:
            return load(spec)
        except UniverseError as fault:
            fault.part = where + fault.part
            raise
    for place, message in set_faults(spec):
        raise UniverseError(message, part=where + place)
    if SYMBOLS in spec:
        return Universe(SYMBOLS, tuple(dict.fromkeys(spec[SYMBOLS])), {}, None, Path(SYMBOLS))
    parts = {
        key: [load_set(one, load, f"{where}.{key}[{at}]") for at, one in enumerate(spec.get(key, ()))]
        for key in SET_KEYS
    }
    return _Combination(parts).universe(where)


class _Combination:
    """Combines universes, symbol by symbol, over the dates on which who is a member changes."""

    def __init__(self, parts: Mapping[str, Sequence[Universe]]) -> None:
        self._parts = parts
        self._given = [*parts[ANY], *parts[ALL]]
        self._rows = {id(one): _rows_of(one) for key in SET_KEYS for one in parts[key]}

    def universe(self, where: str) -> Universe:
        """Return the universe.

        Raises
        ------
        UniverseError
            If it has no symbol on any date, or a column is of numbers in one part and of texts in another.
        """
        symbols = dict.fromkeys(symbol for one in self._given for symbol in one.symbols)
        periods = [piece for symbol in symbols for piece in self._pieces(symbol)]
        if not periods:
            message = f"nobody is in {name_of_parts(self._parts)}: the universe is empty"
            raise UniverseError(message, part=where)
        names = dict.fromkeys(name for one in self._given for name in one.columns)
        values = {name: [self._value(name, one) for one in periods] for name in names}
        columns = {name: _of_one_kind(name, found, where) for name, found in values.items()}
        every = [one for key in SET_KEYS for one in self._parts[key]]
        name = name_of_parts(self._parts)
        as_of, is_undated = _oldest_as_of(self._given)
        is_dated = not is_undated or any(one.periods is not None for one in every)
        return Universe(
            name,
            tuple(one.symbol for one in periods),
            columns,
            as_of,
            Path(name),
            _with_texts(periods, columns) if is_dated else None,
            is_partly_undated=is_undated,
        )

    def _pieces(self, symbol: str) -> Iterator[Period]:
        """Yield the periods in which a symbol is a member, split where any part's row changes."""
        edges = {date.min, date.max}
        for rows in self._rows.values():
            for start, end, _ in rows.get(symbol, ()):
                edges |= {start, end}
        ordered = sorted(edges)
        last: Period | None = None
        for start, end in pairwise(ordered):
            if not self._includes(symbol, start):
                continue
            piece = Period(symbol, _open(start, date.min), _open(end, date.max), 0)
            if last is not None and last.end == piece.start and self._same_row(last, piece):
                last = replace(last, end=piece.end)
                continue
            if last is not None:
                yield last
            last = piece
        if last is not None:
            yield last

    def _includes(self, symbol: str, day: date) -> bool:
        parts = self._parts
        is_any = not parts[ANY] or any(self._row(one, symbol, day) is not None for one in parts[ANY])
        return (
            is_any
            and all(self._row(one, symbol, day) is not None for one in parts[ALL])
            and all(self._row(one, symbol, day) is None for one in parts[EXCEPT])
        )

    def _row(self, part: Universe, symbol: str, day: date) -> int | None:
        rows = self._rows[id(part)].get(symbol, ())
        return next((row for start, end, row in rows if start <= day < end), None)

    def _same_row(self, one: Period, other: Period) -> bool:
        first, second = (each.start or date.min for each in (one, other))
        return all(
            self._row(part, one.symbol, first) == self._row(part, one.symbol, second) for part in self._given
        )

    def _value(self, column: str, piece: Period) -> Static:
        day = piece.start or date.min
        for part in self._given:
            row = self._row(part, piece.symbol, day)
            values = part.columns.get(column)
            if row is not None and values is not None and values[row] is not None:
                return values[row]
        return None


def name_of_parts(parts: Mapping[str, Sequence[Universe]]) -> str:
    """Return how a combination is called in messages."""
    return name_of({key: [one.name for one in parts[key]] for key in SET_KEYS if parts[key]})


def _rows_of(universe: Universe) -> dict[str, list[_Row]]:
    """Return each symbol's rows with their dates."""
    rows: dict[str, list[_Row]] = {}
    for row, symbol in enumerate(universe.symbols):
        period = None if universe.periods is None else universe.periods[row]
        start = date.min if period is None else period.start or date.min
        end = date.max if period is None else period.end or date.max
        rows.setdefault(symbol, []).append((start, end, row))
    return rows


def _open(day: date, limit: date) -> date | None:
    return None if day == limit else day


def _oldest_as_of(parts: Sequence[Universe]) -> tuple[date | None, bool]:
    """Return since when the lists among universes are true, and whether there are any.

    None where one does not say: then nobody knows. The store and periods of membership are of each date.
    """
    lists = [one for one in parts if one.name != STORE and (one.periods is None or one.is_partly_undated)]
    dates = [one.as_of for one in lists]
    return None if None in dates or not lists else max(one for one in dates if one), bool(lists)


def _with_texts(periods: Sequence[Period], columns: Mapping[str, Sequence[Static]]) -> tuple[Period, ...]:
    """Return periods with the values of their columns, as their digest has them."""
    texts = [tuple(str(values[at]) for values in columns.values()) for at in range(len(periods))]
    return tuple(replace(one, others=others) for one, others in zip(periods, texts, strict=True))


def _of_one_kind(name: str, values: Sequence[Static], where: str) -> tuple[Static, ...]:
    """Return values of a column, all texts or all numbers of one type."""
    kinds = {type(value) for value in values if value is not None}
    if str in kinds and len(kinds) > 1:
        message = f"the column '{name}' is of numbers in one universe and of texts in another; rename one"
        raise UniverseError(message, part=where)
    if len(kinds) == 1 or not kinds:
        return tuple(values)
    return tuple(None if value is None else float(value) for value in values)
