"""Locate every key and value of a JSON text by line and column.

The parser of the standard library keeps no locations, so a second, simpler pass over a text known to be
valid JSON finds them, and also what the parser accepts: duplicate keys and values that are no numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from symscan.errors import Place

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_SYMBOL_OF_TEXT = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u.{4}|\\.|[^\\]")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
_STEP = re.compile(r"\.?[A-Za-z_$][\w$-]*$|\[[^\[\]]*\]$")


class Spot(Struct, frozen=True):
    """Offsets in the text of a value and of its key; an element of a list has no key."""

    value: int
    key: int | None


class Oddity(Struct, frozen=True):
    """Something the JSON parser accepts and a configuration does not."""

    path: str
    message: str
    offset: int


class _Container(Struct):
    path: str
    is_list: bool
    index: int = 0
    key: str | None = None
    key_offset: int | None = None
    keys: set[str] = field(default_factory=set)

    def here(self) -> str:
        return join(self.path, self.index if self.is_list else self.key or "")


class JsonLocations(Struct, frozen=True):
    """The locations of keys and values in one JSON text."""

    text: str
    file: str
    spots: Mapping[str, Spot]
    oddities: tuple[Oddity, ...]

    @staticmethod
    def of(text: str, file: str) -> JsonLocations:
        """The places of a text that is valid JSON; of an empty one, the file alone."""
        spots: dict[str, Spot] = {}
        oddities: list[Oddity] = []
        for found in _walk(text):
            if isinstance(found, Oddity):
                oddities.append(found)
            else:
                spots.setdefault(found[0], found[1])
        return JsonLocations(text, file, spots, tuple(oddities))

    def place(self, path: str, *, key: bool = False, offset: int | None = None) -> Place:
        """Return the location of a path's value or key; of a missing one, of its nearest parent."""
        while path not in self.spots:
            if not path:
                return Place(self.file)
            path = parent(path)
            key, offset = False, None
        spot = self.spots[path]
        if key and spot.key is not None:
            return self.at(spot.key)
        if offset is not None and self.text[spot.value] == '"':
            return self.at(spot.value + 1 + _raw_length(self.text, spot.value + 1, offset))
        return self.at(spot.value)

    def at(self, offset: int) -> Place:
        """The line and column of an offset in the text."""
        line = self.text.count("\n", 0, offset) + 1
        return Place(self.file, line, offset - self.text.rfind("\n", 0, offset))


def join(path: str, step: str | int) -> str:
    """The path of an element (``scanners[0]``) or of a key (``scanners[0].name``)."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if not _PLAIN_KEY.fullmatch(step):
        return f"{path}[{json.dumps(step)}]"
    return f"{path}.{step}" if path else step


def parent(path: str) -> str:
    """The path of what holds this one; the empty path is the whole file."""
    match = _STEP.search(path)
    return path[: match.start()] if match else ""


def _walk(text: str) -> Iterator[tuple[str, Spot] | Oddity]:
    stack: list[_Container] = []
    for token in _TOKEN.finditer(text):
        mark, start = token[0], token.start()
        top = stack[-1] if stack else None
        if mark in "}]":
            stack.pop()
        elif mark == ":":
            continue
        elif top and mark == ",":
            top.index, top.key = top.index + 1, None
        elif top and not top.is_list and top.key is None:
            top.key, top.key_offset = json.loads(mark), start
            yield from _odd_key(top, mark, start)
        else:
            path = top.here() if top else ""
            yield path, Spot(start, top.key_offset if top else None)
            yield from _odd_value(path, mark, start)
            if mark in "{[":
                stack.append(_Container(path, mark == "["))


def _odd_key(holder: _Container, mark: str, start: int) -> Iterator[Oddity]:
    key = holder.key or ""
    if key in holder.keys:
        yield Oddity(holder.here(), f"the key '{key}' stands here a second time; keep one", start)
    holder.keys.add(key)
    yield from _half_character(holder.here(), mark, start)


def _odd_value(path: str, mark: str, start: int) -> Iterator[Oddity]:
    if mark in ("NaN", "Infinity", "-Infinity"):
        yield Oddity(path, f"{mark} is not a number; write one, or leave the key out", start)
    elif mark[0] in "-0123456789" and math.isinf(float(mark)):
        yield Oddity(path, f"{mark} is too large for a number", start)
    elif mark[0] == '"':
        yield from _half_character(path, mark, start)


def _half_character(path: str, mark: str, start: int) -> Iterator[Oddity]:
    """A surrogate without its other half cannot be written to any file."""
    try:
        json.loads(mark).encode()
    except UnicodeEncodeError:
        yield Oddity(path, "the text has half a character (a lone \\ud... escape); write it whole", start)


def _raw_length(text: str, start: int, count: int) -> int:
    """How many characters of the text, escapes included, make the first ``count`` of its value."""
    position = start
    for _ in range(count):
        match = _SYMBOL_OF_TEXT.match(text, position)
        if match is None or text[position] == '"':
            break
        position = match.end()
    return position - start
