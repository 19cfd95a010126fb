"""Convert public forms of an index's membership into a universe by dates.

Four forms are recognised by their header: periods (``ticker,start_date,end_date``), snapshots
(``date,tickers``: all members from that date on) and changes (``date,added,removed``, or one a row:
``date,action,ticker``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from symscan.errors import UniverseError
from symscan.model.symbol_text import SYMBOL_PATTERN
from symscan.scanners.membership import END, START, Period, check_overlaps, ordered, parse_period

_SYMBOL: Final = ("symbol", "ticker", "code")
_FROM: Final = (START, "start", "start_date", "date_added", "from_date", "added_on")
_TO: Final = (END, "end", "end_date", "date_removed", "to_date", "removed_on")
_DATE: Final = ("date", "effective_date", "day")
_MEMBERS: Final = ("tickers", "symbols", "members", "constituents")
_ADDED: Final = ("added", "add", "added_ticker", "added_tickers", "additions")
_REMOVED: Final = ("removed", "remove", "removed_ticker", "removed_tickers", "removals", "deleted")

_ACTION: Final = ("action", "change", "change_type", "type", "event")
_ADDS: Final = ("add", "added", "addition", "additions", "in", "join", "joined", "include", "included", "+")
_REMOVES: Final = (
    *("remove", "removed", "removal", "deletion", "delete", "deleted", "drop", "dropped"),
    *("out", "leave", "left", "exclude", "excluded", "-"),
)

_FORMS: Final = (
    "write periods (symbol,from,to), snapshots (date,tickers) or changes (date,added,removed or "
    "date,action,ticker) with a header"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: its line, and its texts by role."""

    line: int
    texts: dict[str, str]


def read_membership(path: Path, members: Sequence[str] = ()) -> tuple[str, list[Period]]:
    """Read a file of memberships in one of the public forms.

    Parameters
    ----------
    members
        Of changes: the members of today, so that those who were never added or removed are known.

    Returns
    -------
    tuple
        The form's name, and the periods by symbol and date.

    Raises
    ------
    UniverseError
        If the file cannot be read, or a row contradicts another one; it gives the line.
    """
    rows = list(_rows(path))
    roles = set(rows[0].texts) if rows else set[str]()
    for name, needed, convert in _CONVERTERS:
        if needed <= roles:
            periods = convert(path, rows, members)
            check_overlaps(path, periods)
            return name, ordered(periods)
    raise UniverseError(f"{path}: no membership is recognised in its header; {_FORMS}")


def universe_text(periods: Sequence[Period]) -> str:
    """Return the text of a universe's file."""
    lines = (f"{one.symbol},{one.start or ''},{one.end or ''}" for one in periods)
    return "\n".join([f"symbol,{START},{END}", *lines]) + "\n"


def _rows(path: Path) -> Iterator[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UniverseError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise UniverseError(f"{path}: {error.strerror}") from None
    reader = csv.reader(text.splitlines())
    header = next(reader, [])
    roles = [_role(name) for name in header]
    for texts in reader:
        if not any(map(str.strip, texts)):
            continue
        if len(texts) != len(header):
            raise UniverseError(
                f"{path}:{reader.line_num}: {len(texts)} values, but the header has {len(header)} columns"
            )
        named = zip(roles, map(str.strip, texts), strict=True)
        yield _Row(reader.line_num, {role: value for role, value in named if role is not None})


def _role(name: str) -> str | None:
    plain = re.sub(r"\W+", "_", name.strip().lower()).strip("_")
    roles = {"symbol": _SYMBOL, START: _FROM, END: _TO, "date": _DATE, "members": _MEMBERS}
    roles |= {"added": _ADDED, "removed": _REMOVED, "action": _ACTION}
    return next((role for role, names in roles.items() if plain in names), None)


def _symbols(path: Path, line: int, text: str) -> list[str]:
    """Return the symbols of a list; blanks, commas and semicolons separate them."""
    return list(dict.fromkeys(_checked(path, line, one) for one in re.split(r"[\s,;]+", text) if one))


def _checked(path: Path, line: int, text: str) -> str:
    if not SYMBOL_PATTERN.fullmatch(text):
        raise UniverseError(f"{path}:{line}: '{text}' is not a symbol")
    return text


def _date(path: Path, row: _Row) -> date:
    try:
        return date.fromisoformat(row.texts["date"])
    except ValueError:
        text = row.texts["date"]
        raise UniverseError(f"{path}:{row.line}: '{text}' is not a date; write 2022-06-09") from None


def _of_periods(path: Path, rows: Sequence[_Row], _members: Sequence[str]) -> list[Period]:
    return [
        parse_period(
            path,
            row.line,
            _checked(path, row.line, row.texts["symbol"]),
            row.texts.get(START, ""),
            row.texts.get(END, ""),
        )
        for row in rows
    ]


def _of_snapshots(path: Path, rows: Sequence[_Row], _members: Sequence[str]) -> list[Period]:
    """Let a symbol be a member from the first snapshot with it to the first one without."""
    since: dict[str, tuple[date, int]] = {}
    periods: list[Period] = []
    seen: dict[date, int] = {}
    for row in sorted(rows, key=lambda one: _date(path, one)):
        day, listed = _date(path, row), _symbols(path, row.line, row.texts["members"])
        if day in seen:
            raise UniverseError(f"{path}:{row.line}: {day} is already on line {seen[day]}; remove one")
        seen[day] = row.line
        for symbol in since.keys() - set(listed):
            start, line = since.pop(symbol)
            periods.append(Period(symbol, start, day, line))
        for symbol in listed:
            since.setdefault(symbol, (day, row.line))
    return [*periods, *(Period(symbol, start, None, line) for symbol, (start, line) in since.items())]


def _of_changes(path: Path, rows: Sequence[_Row], members: Sequence[str]) -> list[Period]:
    """Let who is removed without having been added be a member since ever."""
    since: dict[str, tuple[date, int]] = {}
    left: dict[str, int] = {}
    periods: list[Period] = []
    for row in sorted(rows, key=lambda one: _date(path, one)):
        day = _date(path, row)
        for symbol in _symbols(path, row.line, row.texts["removed"]):
            if symbol not in since and symbol in left:
                raise UniverseError(
                    f"{path}:{row.line}: {symbol} is removed, as on line {left[symbol]} already; the "
                    "change that added it again is missing"
                )
            start, line = since.pop(symbol, (None, row.line))
            periods.append(Period(symbol, start, day, line))
            left[symbol] = row.line
        for symbol in _symbols(path, row.line, row.texts["added"]):
            if symbol in since:
                raise UniverseError(
                    f"{path}:{row.line}: {symbol} is added, as on line {since[symbol][1]} already; the "
                    "change that removed it is missing"
                )
            since[symbol] = (day, row.line)
    periods += (Period(symbol, start, None, line) for symbol, (start, line) in since.items())
    changed = {one.symbol for one in periods}
    return [*periods, *(Period(one, None, None, 0) for one in members if one not in changed)]


def _of_actions(path: Path, rows: Sequence[_Row], members: Sequence[str]) -> list[Period]:
    """Take each row as a change of one symbol; on one date who leaves goes first."""
    changes = []
    for row in rows:
        action = row.texts["action"].casefold()
        if action not in (*_ADDS, *_REMOVES):
            raise UniverseError(
                f"{path}:{row.line}: '{row.texts['action']}' is neither 'added' nor 'removed'; write one"
            )
        texts = {"date": row.texts["date"], "added": "", "removed": ""}
        changes.append(
            _Row(row.line, texts | {"added" if action in _ADDS else "removed": row.texts["symbol"]})
        )
    by_day = sorted(changes, key=lambda one: (_date(path, one), bool(one.texts["added"])))
    return _of_changes(path, by_day, members)


_Convert = Callable[[Path, Sequence[_Row], Sequence[str]], list[Period]]
_CONVERTERS: Final[tuple[tuple[str, frozenset[str], _Convert], ...]] = (
    ("periods", frozenset({"symbol", START}), _of_periods),
    ("snapshots", frozenset({"date", "members"}), _of_snapshots),
    ("changes", frozenset({"date", "added", "removed"}), _of_changes),
    ("changes", frozenset({"date", "action", "symbol"}), _of_actions),
)
