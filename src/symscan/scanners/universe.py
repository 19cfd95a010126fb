"""Universes: lists of symbols by name or file, with static columns where the file has some."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from symscan.errors import SymscanError, UniverseError
from symscan.model.readings import SESSION_READINGS
from symscan.model.symbol_text import SYMBOL_PATTERN
from symscan.model.universes.universe_spec import UniverseSpec, is_set
from symscan.scanners.membership import END, START, Period, check_overlaps, parse_period
from symscan.scanners.universe_model import STORE as STORE
from symscan.scanners.universe_model import Universe as Universe
from symscan.scanners.universe_model import store_universe as store_universe
from symscan.scanners.universe_sets import load_set

if TYPE_CHECKING:
    from symscan.session.static_columns import Static

_SUFFIXES: Final = (".txt", ".csv", ".json")
_FOLDER: Final = Path("data", "universes")
_SYMBOL_HEADERS: Final = ("symbol", "ticker")
_AS_OF = re.compile(r"#\s*as_of\s*:\s*(.*)", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,14})")
_FLOAT = re.compile(r"[+-]?((0|[1-9]\d{0,14})(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_KEY_END = re.compile(r"_\d+[mhdw]$")

_Line = tuple[int, str]


def load_universe(
    universe: UniverseSpec,
    folders: Sequence[Path] = (),
    on: date | None = None,
    known: Callable[[], Sequence[str]] | None = None,
) -> Universe:
    """The universe of a name or a path, or one made of others.

    A name stands for ``data/universes/NAME.txt``, ``.csv`` or ``.json`` in one of ``folders``, in the
    current folder, or among those that come with symscan. A path ends like these or has a slash; a
    relative one is looked up in the current folder, then in ``folders``.

    Parameters
    ----------
    universe
        A name, a path, or an object: ``{"any": [...], "all": [...], "except": [...]}`` of such, or
        ``{"symbols": ["AAPL", "MSFT"]}``.
    on
        The date whose members are wanted, where the file has columns ``from`` and ``to``: those with
        ``from <= on < to``. There may be none.
    known
        Gives the symbols of the universe ``store``; None where there is no session.

    Raises
    ------
    UniverseError
        If there is no such universe, its file is malformed, its members depend on a date and none is
        given, or it is that of a bar store.
    """
    file = read_universe(universe, folders, known)
    if file.periods is None:
        return file
    if on is None:
        raise UniverseError(f"{file.path}: its members depend on the date; give one: on=date(2022, 6, 9)")
    return _members(file, file.periods, on)


def read_universe(
    universe: UniverseSpec,
    folders: Sequence[Path] = (),
    known: Callable[[], Sequence[str]] | None = None,
) -> Universe:
    """The universe of a name or a path, or made of others; of one by dates, all its rows.

    Then ``symbols`` is one per row, and not unique.

    Raises
    ------
    UniverseError
        As :func:`load_universe`, but for a date.
    """
    return load_set(universe, partial(_read_named, folders=tuple(folders), known=known, within=()))


def _read_named(
    name_or_path: str,
    folders: tuple[Path, ...],
    known: Callable[[], Sequence[str]] | None,
    within: tuple[Path, ...],
) -> Universe:
    if name_or_path == STORE:
        if known is None:
            raise UniverseError("universe 'store' is that of a session's bar store; here there is no session")
        return store_universe(known())
    path = _find(name_or_path, [Path(folder) for folder in folders])
    if path.suffix.lower() != ".json":
        return _read(path)
    if path in within:
        raise UniverseError(f"{path}: it is made of itself")
    spec = _spec_in(path)
    load = partial(_read_named, folders=(*folders, path.parent), known=known, within=(*within, path))
    try:
        return replace(load_set(spec, load), name=path.stem, path=path)
    except UniverseError as fault:
        place = fault.part.lstrip(".")
        raise UniverseError(f"{path}: {place}: {fault}" if place else f"{path}: {fault}") from None


def _spec_in(path: Path) -> UniverseSpec:
    """Return the universe that a JSON file describes."""
    try:
        spec = json.loads(_text(path))
    except ValueError as error:
        raise UniverseError(f"{path}: it is no JSON ({error})") from None
    if not is_set(spec):
        raise UniverseError(f"{path}: expected an object with 'any', 'all' or 'symbols'")
    found: UniverseSpec = spec
    return found


def symbols_between(
    universe: UniverseSpec, first: date, last: date, folders: Sequence[Path] = ()
) -> tuple[str, ...]:
    """The symbols of a universe on any date of a range, both included, each once.

    Raises
    ------
    UniverseError
        As :func:`read_universe`.
    """
    file = read_universe(universe, folders)
    if file.periods is None:
        return file.symbols
    return tuple(dict.fromkeys(one.symbol for one in file.periods if one.meets(first, last)))


def _members(file: Universe, periods: tuple[Period, ...], on: date) -> Universe:
    """Return the members of a date."""
    rows = [row for row, one in enumerate(periods) if one.includes(on)]
    symbols = tuple(periods[row].symbol for row in rows)
    columns = {name: tuple(values[row] for row in rows) for name, values in file.columns.items()}
    as_of = file.as_of if file.is_partly_undated else on
    return replace(file, symbols=symbols, columns=columns, as_of=as_of)


def universe_names(folders: Sequence[Path] = ()) -> list[str]:
    """The names of all universes there are, sorted."""
    found = (
        path.stem
        for folder in universe_homes(folders)
        for suffix in _SUFFIXES
        for path in folder.glob("*" + suffix)
    )
    return sorted(set(found))


def _find(name_or_path: str, folders: Sequence[Path]) -> Path:
    if not isinstance(name_or_path, str) or not name_or_path.strip():
        raise UniverseError(f"{name_or_path!r} is not a universe; give the name of one or the path of a file")
    if name_or_path.endswith(_SUFFIXES) or "/" in name_or_path or "\\" in name_or_path:
        return _find_universe_file(Path(name_or_path).expanduser(), folders)
    for home in universe_homes(folders):
        files = [file for suffix in _SUFFIXES if (file := home / (name_or_path + suffix)).is_file()]
        if len(files) > 1:
            raise UniverseError(
                f"universe '{name_or_path}' is two files, {files[0]} and {files[1].name}; keep one"
            )
        if files:
            return files[0]
    raise UniverseError(f"there is no universe '{name_or_path}'; {_what_there_is(name_or_path, folders)}")


def find_file(path: Path, folders: Sequence[Path]) -> Path:
    """Return where a file is, looked for in the current folder, then in ``folders``.

    Raises
    ------
    FileNotFoundError
        If it is in none; the text says where it was looked for.
    """
    places = [path] if path.is_absolute() else [path, *(folder / path for folder in folders)]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(", ".join(dict.fromkeys(str(place.absolute()) for place in places)))


def _find_universe_file(path: Path, folders: Sequence[Path]) -> Path:
    try:
        return find_file(path, folders)
    except FileNotFoundError as tried:
        hint = _what_there_is(path.stem, folders)
        message = f"there is no universe file '{path}' (looked for {tried}); by name, {hint}"
        raise UniverseError(message) from None


def _what_there_is(wanted: str, folders: Sequence[Path]) -> str:
    names = universe_names(folders)
    close = get_close_matches(wanted.lower(), names, n=1)
    guess = f"did you mean '{close[0]}'? " if close else ""
    return f"{guess}there are: {', '.join(names)}; and 'store', all symbols of the bar store"


def universe_homes(folders: Sequence[Path]) -> list[Path]:
    """Return the folders where names are looked up, first match wins."""
    return [*(folder / _FOLDER for folder in (*folders, Path())), _shipped()]


def _shipped() -> Path:
    """The universes that come with symscan: inside the package, or in the project it runs from."""
    package = Path(__file__).parents[1]
    inside = package / _FOLDER
    return inside if inside.is_dir() else package.parents[1] / _FOLDER


def _read(path: Path) -> Universe:
    return _parsed(path, _text(path))


@lru_cache(maxsize=64)
def _parsed(path: Path, text: str) -> Universe:
    """The universe of a file's text; every session of a run loads the same."""
    lines = list(enumerate(text.splitlines(), start=1))
    content = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    columns: dict[str, tuple[Static, ...]] = {}
    periods = None
    if path.suffix.lower() == ".csv":
        symbols, columns, periods = _parse_table(path, content)
    else:
        symbols = _parse_list(path, content)
    if not symbols:
        raise UniverseError(f"{path}: the universe is empty; write one symbol a line")
    as_of = _as_of(path, lines)
    if periods is not None:
        check_overlaps(path, periods)
        return Universe(path.stem, tuple(one.symbol for one in periods), columns, as_of, path, periods)
    return Universe(path.stem, tuple(_first_lines(path, symbols)), columns, as_of, path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UniverseError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise UniverseError(f"{path}: cannot be read ({error.strerror})") from None


def _as_of(path: Path, lines: Sequence[_Line]) -> date | None:
    for number, line in lines:
        match = _AS_OF.fullmatch(line.strip())
        if match:
            try:
                return date.fromisoformat(match[1].strip())
            except ValueError:
                fault = f"'{match[1]}' is not a date; write as_of: 2026-08-08"
                raise UniverseError(f"{path}:{number}: {fault}") from None
    return None


def _first_lines(path: Path, symbols: Sequence[_Line]) -> dict[str, int]:
    """Each symbol's line; a symbol on two lines is an error."""
    first: dict[str, int] = {}
    for number, symbol in symbols:
        if symbol in first:
            raise UniverseError(f"{path}:{number}: {symbol} is already on line {first[symbol]}; remove one")
        first[symbol] = number
    return first


def _checked_symbol(path: Path, number: int, text: str) -> _Line:
    if not SYMBOL_PATTERN.fullmatch(text):
        raise UniverseError(f"{path}:{number}: '{text}' is not a symbol; write one symbol a line, as in AAPL")
    return number, text


def _parse_list(path: Path, lines: Sequence[_Line]) -> list[_Line]:
    return [_checked_symbol(path, number, line.split("#", 1)[0].strip()) for number, line in lines]


def _parse_table(
    path: Path, lines: Sequence[_Line]
) -> tuple[list[_Line], dict[str, tuple[Static, ...]], tuple[Period, ...] | None]:
    """Return the symbols of a table with their lines, its static columns, and its periods if it has any."""
    if not lines:
        return [], {}, None
    (number, header), *rows = _records(path, lines)
    names = column_names(path, number, header)
    for line, row in rows:
        if len(row) != len(names):
            raise UniverseError(f"{path}:{line}: {len(row)} values, but the header has {len(names)} columns")
    at = names.index("symbol")
    symbols = [_checked_symbol(path, line, row[at]) for line, row in rows]
    texts = {name: [row[i] for _, row in rows] for i, name in enumerate(names) if i != at}
    is_dated = START in texts or END in texts
    none = [""] * len(rows)
    starts, ends = texts.pop(START, none), texts.pop(END, none)
    columns = {name: _typed(values) for name, values in texts.items()}
    others: list[tuple[str, ...]] = list(zip(*texts.values(), strict=True)) or [()] * len(rows)
    if not is_dated:
        return symbols, columns, None
    each = zip(symbols, starts, ends, others, strict=True)
    periods = tuple(
        parse_period(path, line, symbol, start, end, more) for (line, symbol), start, end, more in each
    )
    return symbols, columns, periods


def _records(path: Path, lines: Sequence[_Line]) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        try:
            [record] = csv.reader([line], strict=True, skipinitialspace=True)
        except (csv.Error, ValueError) as error:
            raise UniverseError(f"{path}:{number}: {error}; a value must end on the line it starts") from None
        yield number, [value.strip() for value in record]


def identifier(name: str) -> str:
    """Return a header's name as expressions write it: ``Market Cap`` is ``market_cap``."""
    return re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_")


def column_names(
    path: Path,
    number: int,
    header: Sequence[str],
    *,
    needs_symbol: bool = True,
    error: type[SymscanError] = UniverseError,
) -> list[str]:
    """Return a header's names as identifiers, the symbol's column as ``symbol``.

    Raises
    ------
    SymscanError
        If a name cannot be one of a column; ``error`` is its class.
    """
    names = [identifier(name) for name in header]
    names = ["symbol" if name in _SYMBOL_HEADERS else name for name in names]
    if needs_symbol and "symbol" not in names:
        raise error(f"{path}:{number}: no column 'symbol' in the header: {', '.join(header)}")
    for at, name in enumerate(names):
        place = f"{path}:{number}: column {at + 1} '{header[at]}'"
        if not re.match(r"[a-z_]", name):
            raise error(f"{place} needs a name that begins with a letter")
        if name in SESSION_READINGS:
            raise error(f"{place} has the name of a session reading; rename it")
        if _KEY_END.search(name):
            raise error(f"{place} reads as an indicator's key; rename it")
        if name in names[:at]:
            raise error(f"{place} is the second column '{name}'; rename one")
    return names


def _typed(texts: Sequence[str]) -> tuple[Static, ...]:
    """The values of one column: integers if all are, else floats, else texts; empty is None."""
    given = [text for text in texts if text]
    if given and all(map(_INTEGER.fullmatch, given)):
        return tuple(int(text) if text else None for text in texts)
    if given and all(_FLOAT.fullmatch(text) and math.isfinite(float(text)) for text in given):
        return tuple(float(text) if text else None for text in texts)
    return tuple(text or None for text in texts)
