"""Universes made of others, as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from symscan.model.symbol_text import SYMBOL_PATTERN

ANY: Final = "any"
ALL: Final = "all"
EXCEPT: Final = "except"
SYMBOLS: Final = "symbols"
FOUND_BY: Final = "found_by"
SET_KEYS: Final = (ANY, ALL, EXCEPT)

UniverseSpec = str | Mapping[str, Any]
"""A universe by name or path, or made of others: ``{"any": ["sp500", "mine"], "except": ["halted"]}``."""

_MOST_LEVELS: Final = 20


def is_set(spec: object) -> bool:
    """Whether a universe is made of others, or a list of symbols."""
    return isinstance(spec, Mapping) and any(key in spec for key in (*SET_KEYS, SYMBOLS))


def set_faults(spec: object, path: str = "", level: int = 0) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the shape of a universe made of others: where, as ``.any[1]``, and what.

    The scanner whose hits are judged stands in the outermost ``all``, and is not looked at here.
    """
    if isinstance(spec, str):
        if not spec.strip():
            yield path, "the name of a universe is empty"
        return
    if not isinstance(spec, Mapping):
        yield (
            path,
            f"expected the name of a universe or an object with 'any', 'all' or 'except', got {spec!r}",
        )
        return
    if level > _MOST_LEVELS:
        yield path, f"universes nest deeper than {_MOST_LEVELS} levels"
        return
    if FOUND_BY in spec:
        yield (
            path,
            "'found_by' stands alone or in the outermost 'all'; elsewhere write in_scanner('...') in 'where'",
        )
        return
    known = (*SET_KEYS, SYMBOLS)
    yield from ((f"{path}.{key}", _unknown(key, known)) for key in spec if key not in known)
    if SYMBOLS in spec:
        yield from _symbol_faults(spec, path)
        return
    if ANY not in spec and ALL not in spec:
        yield path, "'except' takes away from what 'any' or 'all' names; give one of them"
    for key in SET_KEYS:
        parts = spec.get(key, ["-"])
        if not isinstance(parts, list | tuple) or not parts:
            yield f"{path}.{key}", f"expected a list of universes, got {parts!r}"
            continue
        for number, part in enumerate(parts):
            yield from set_faults(part, f"{path}.{key}[{number}]", level + 1)


def _unknown(key: object, known: Sequence[str]) -> str:
    return f"unknown key '{key}'; known here: {', '.join(known)}"


def _symbol_faults(spec: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    others = [key for key in SET_KEYS if key in spec]
    if others:
        yield f"{path}.{others[0]}", "'symbols' is a list by itself; put it into 'any' or 'all'"
    symbols = spec[SYMBOLS]
    if not isinstance(symbols, list | tuple) or not symbols:
        yield f"{path}.{SYMBOLS}", f"expected a list of symbols, got {symbols!r}"
        return
    for number, symbol in enumerate(symbols):
        if not isinstance(symbol, str) or not SYMBOL_PATTERN.fullmatch(symbol):
            yield f"{path}.{SYMBOLS}[{number}]", f"{symbol!r} is not a symbol"


def split_found_by(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, UniverseSpec | None]:
    """Split a universe into the scanner in its ``all`` whose hits are judged, and the rest; None without."""
    parts = spec.get(ALL, ())
    found = [one for one in parts if isinstance(one, Mapping) and FOUND_BY in one] if _is_list(parts) else []
    if not found:
        return None, spec
    others = [one for one in parts if one is not found[0]]
    rest = {key: value for key, value in spec.items() if key != ALL} | ({ALL: others} if others else {})
    return found[0], rest or None


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def name_of(spec: UniverseSpec) -> str:
    """Return how a universe is called in messages."""
    if isinstance(spec, str):
        return spec
    if SYMBOLS in spec:
        return ", ".join(spec[SYMBOLS][:3]) + (", ..." if len(spec[SYMBOLS]) > 3 else "")
    texts = [" or ".join(map(_nested, spec[ANY]))] if ANY in spec else []
    texts += [_nested(one) for one in spec.get(ALL, ())]
    left_out = "".join(f" except {_nested(one)}" for one in spec.get(EXCEPT, ()))
    return " and ".join(texts) + left_out


def _nested(spec: UniverseSpec) -> str:
    return name_of(spec) if isinstance(spec, str) else f"({name_of(spec)})"
