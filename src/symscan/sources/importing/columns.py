"""Map the columns of a file to their roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from symscan.errors import DataError
from symscan.model.bar import FIELDS

SYMBOL: Final = "symbol"
TIMESTAMP: Final = "timestamp"
DATE: Final = "date"
TIME: Final = "time"
ROLES: Final = (SYMBOL, TIMESTAMP, DATE, TIME, *FIELDS)

_SESSION: Final = frozenset({"session", "sessiondate"})
_SYNONYMS: Final[Mapping[str, frozenset[str]]] = {
    SYMBOL: frozenset({"symbol", "ticker", "sym"}),
    TIMESTAMP: frozenset(
        {"ts", "timestamp", "datetime", "dateandtime", "t", "start", "starttime", "barstart", "windowstart"}
        | {"end", "endtime", "barend", "bartime"}
    ),
    DATE: frozenset({"date", "day", "d", "tradedate", "tradingday", "dtyyyymmdd"}) | _SESSION,
    TIME: frozenset({"time", "tod", "timeofday"}),
    "open": frozenset({"open", "o", "openprice"}),
    "high": frozenset({"high", "h", "highprice"}),
    "low": frozenset({"low", "l", "lowprice"}),
    "close": frozenset({"close", "c", "closeprice"}),
    "volume": frozenset({"volume", "vol", "v", "totalvolume", "tradevolume"}),
}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The column position of each role, and the names of the ignored columns."""

    positions: Mapping[str, int]
    ignored: tuple[str, ...]


def parse_overrides(text: str) -> dict[str, str]:
    """Parse the column of each role from a text such as ``open=o,timestamp=when``.

    Raises
    ------
    DataError
        If a part is not of that form, or names no role.
    """
    overrides: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        role, _, name = (piece.strip() for piece in part.partition("="))
        if role not in ROLES or not name:
            raise DataError(f"--columns: '{part}' is not ROLE=COLUMN; the roles are {', '.join(ROLES)}")
        overrides[role] = name
    return overrides


def map_columns(names: Sequence[str], overrides: Mapping[str, str], *, file: str) -> ColumnMap:
    """Find the columns of a bar file.

    Parameters
    ----------
    names
        The file's column names in order.
    overrides
        The column of a role where the name does not tell.
    file
        What to call the file in an error.

    Raises
    ------
    DataError
        If a role has no column, or several that might be it.
    """
    found = {role: _find(names, role, overrides, file) for role in ROLES}
    _resolve_time_roles(found, overrides)
    fault = _time_role_error(found) or _field_role_error(found)
    if fault:
        raise DataError(f"{file}: {fault}; its columns are {', '.join(names)}")
    positions = {role: names.index(matches[0]) for role, matches in found.items() if matches}
    if DATE in positions and TIME not in positions:
        positions[TIMESTAMP] = positions.pop(DATE)
    elif TIME in positions and DATE not in positions:
        positions[TIMESTAMP] = positions.pop(TIME)
    used = set(positions.values())
    return ColumnMap(positions, tuple(name for index, name in enumerate(names) if index not in used))


def _find(names: Sequence[str], role: str, overrides: Mapping[str, str], file: str) -> list[str]:
    if role not in overrides:
        return [name for name in names if _normalized(name) in _SYNONYMS[role]]
    name = overrides[role]
    if name not in names:
        raise DataError(
            f"{file}: --columns {role}={name}: there is no such column; there are {', '.join(names)}"
        )
    return [name]


def _normalized(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _resolve_time_roles(found: dict[str, list[str]], overrides: Mapping[str, str]) -> None:
    """Drop time roles that a named one rules out: timestamp against date and time, any against a session."""
    others = found[TIMESTAMP] or [name for name in found[DATE] if _normalized(name) not in _SESSION]
    if others and DATE not in overrides:
        found[DATE] = [name for name in found[DATE] if _normalized(name) not in _SESSION]
    if TIMESTAMP in overrides:
        rest = {DATE, TIME} - overrides.keys()
    elif overrides.keys() & {DATE, TIME}:
        rest = {TIMESTAMP}
    else:
        rest = set()
    found.update((role, []) for role in rest)


def _time_role_error(found: Mapping[str, list[str]]) -> str | None:
    candidates = [name for role in (TIMESTAMP, DATE, TIME) for name in found[role]]
    if not candidates:
        return "no column tells when a bar is; name it with --columns timestamp=NAME (or date=NAME,time=NAME)"
    ambiguous = len(found[TIMESTAMP]) > 1 or len(found[DATE]) > 1 or len(found[TIME]) > 1
    if ambiguous or (found[TIMESTAMP] and len(candidates) > 1):
        return (
            f"{', '.join(candidates)} may each tell when a bar is; "
            "choose with --columns timestamp=NAME or --columns date=NAME,time=NAME"
        )
    return None


def _field_role_error(found: Mapping[str, list[str]]) -> str | None:
    for role in (SYMBOL, *FIELDS):
        if len(found[role]) > 1:
            return f"{', '.join(found[role])} may each be the {role}; choose with --columns {role}=NAME"
    missing = [role for role in FIELDS if not found[role]]
    if missing:
        hint = ",".join(f"{role}=NAME" for role in missing)
        return f"no column for {', '.join(missing)}; name it with --columns {hint}"
    return None
