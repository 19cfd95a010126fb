"""What scanners say of their hits: metadata as typed columns, and back as the JSON of ``hits.csv``."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Final

import polars as pl

from symscan.model.instant import from_datetime, to_iso
from symscan.runs.schemas import INSTANT, VALUES_KEYS

Values = Mapping[str, Any]
"""The metadata of one hit, by name."""

FILE_KEY: Final = "symscan"
"""The key of the notes in a Parquet file's own metadata."""

_PREFIX: Final = "metadata_"
_EXACT: Final = 2**53
_MISSING: Final = object()
_TYPES: Final = {"text": pl.String(), "boolean": pl.Boolean(), "instant": INSTANT, "json": pl.String()}


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """How one name of a scanner's metadata is stored.

    Attributes
    ----------
    name
        The name as the scanner gives it.
    kind
        ``integer`` or ``number`` (both Float64), ``text``, ``boolean``, ``instant``, or ``json``: the
        JSON text of what is mixed, nested or beyond a Float64.
    always
        Whether every hit has it, so that null stands for JSON's null; else the hit lacks it.
    """

    name: str
    kind: str
    always: bool = True


@dataclass(frozen=True, slots=True)
class ValueNotes:
    """What a file of values says of itself, from which the metadata can be written as JSON again.

    Attributes
    ----------
    is_compact
        Whether the JSON has no blanks: a screen's; a mapping's has them.
    columns
        The columns by their names in the file.
    texts
        The JSON of the rows that the columns do not give again, by number: of whole numbers among others
        in one column, or of names in another order.
    """

    is_compact: bool
    columns: Mapping[str, ValueColumn]
    texts: Mapping[int, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return the notes as JSON; ``texts`` compressed, since a Parquet file does not."""
        columns = {stored: asdict(column) for stored, column in self.columns.items()}
        noted = {"is_compact": self.is_compact, "columns": columns}
        if self.texts:
            noted["texts"] = b64encode(zlib.compress(json.dumps(self.texts).encode())).decode()
        return json.dumps(noted, ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> ValueNotes:
        """Read the notes that :meth:`to_text` returned."""
        noted = json.loads(text)
        columns = {stored: ValueColumn(**column) for stored, column in noted["columns"].items()}
        texts = json.loads(zlib.decompress(b64decode(noted["texts"]))) if "texts" in noted else {}
        return cls(noted["is_compact"], columns, {int(row): one for row, one in texts.items()})


def stored_name(name: str) -> str:
    """Return the column of a metadata name: the name, but for one that the keys have."""
    bare = name
    while bare.startswith(_PREFIX):
        bare = bare.removeprefix(_PREFIX)
    return f"{_PREFIX}{name}" if bare in VALUES_KEYS else name


def of_frame(frame: pl.DataFrame) -> tuple[pl.DataFrame, ValueNotes]:
    """Store columns, as a screen gives them."""
    columns, notes = dict[str, pl.Series](), {}
    for series in frame:
        kind = _kind_of(series.dtype)
        stored = stored_name(series.name)
        columns[stored] = _stored(series, kind)
        notes[stored] = ValueColumn(series.name, kind)
    return pl.DataFrame(columns), ValueNotes(True, notes)


def of_mappings(rows: Sequence[Values]) -> tuple[pl.DataFrame, ValueNotes]:
    """Store one mapping per hit, as a scanner in code gives them; JSON can hold every value."""
    columns, notes = dict[str, pl.Series](), {}
    for name in dict.fromkeys(chain.from_iterable(rows)):
        values = [row.get(name, _MISSING) for row in rows]
        stored = stored_name(name)
        columns[stored], notes[stored] = _typed(name, values)
    frame, found = pl.DataFrame(columns), ValueNotes(False, notes)
    if _is_told_by_columns(rows, notes.values()):
        return frame, found
    return frame, with_exact(found, frame, [json.dumps(row, ensure_ascii=False) for row in rows])


def with_exact(notes: ValueNotes, frame: pl.DataFrame, texts: Sequence[str]) -> ValueNotes:
    """Return notes from which these very texts are made, whatever the columns tell."""
    made = json_texts(frame, notes).to_list()
    pairs = enumerate(zip(texts, made, strict=True))
    return replace(notes, texts={row: text for row, (text, other) in pairs if text != other})


def json_texts(frame: pl.DataFrame, notes: ValueNotes) -> pl.Series:
    """Return the metadata of each row of a file as JSON, as ``hits.csv`` has it."""
    texts = _made_texts(frame, notes)
    if not notes.texts:
        return texts
    exact = [notes.texts.get(row, text) for row, text in enumerate(texts.to_list())]
    return pl.Series(exact, dtype=pl.String)


def _made_texts(frame: pl.DataFrame, notes: ValueNotes) -> pl.Series:
    if not notes.columns:
        return pl.repeat("{}", frame.height, dtype=pl.String, eager=True)
    if notes.is_compact:
        given = [_given(frame[stored], column) for stored, column in notes.columns.items()]
        return pl.select(pl.struct(given).struct.json_encode()).to_series()
    lists = [_parts(frame[stored], column) for stored, column in notes.columns.items()]
    texts = ["{" + ", ".join(filter(None, parts)) + "}" for parts in zip(*lists, strict=True)]
    return pl.Series(texts, dtype=pl.String)


def plain_texts(frame: pl.DataFrame, notes: ValueNotes) -> pl.Series:
    """Return the metadata of each row of a file as people read it: ``rsi_14_5m=72.6273; close=86.84``.

    There is a column at least. Fractions are rounded to six digits, whole parts never; what is unknown is
    left out, and a row of which nothing is known is null.
    """
    lists = [_shown_parts(frame[stored], column) for stored, column in notes.columns.items()]
    texts = ["; ".join(filter(None, parts)) or None for parts in zip(*lists, strict=True)]
    return pl.Series(texts, dtype=pl.String)


def as_json(series: pl.Series, kind: str) -> pl.Series:
    """Return a stored column as JSON texts, for sessions of which another has it as JSON."""
    texts = [None if one is None else _text(one, kind) for one in series.to_list()]
    return pl.Series(series.name, texts, pl.String)


def _kind_of(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean():
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if isinstance(dtype, pl.Datetime):
        return "instant"
    return "number" if dtype.is_numeric() or dtype == pl.Null() else "text"


def _stored(series: pl.Series, kind: str) -> pl.Series:
    return series.cast(_TYPES.get(kind, pl.Float64()))


def _typed(name: str, values: list[Any]) -> tuple[pl.Series, ValueColumn]:
    kinds = set(map(type, values))
    is_always = object not in kinds
    is_mixed = not is_always and type(None) in kinds  # null would be both
    kind = "json" if is_mixed else _kind_of_values(kinds - {object, type(None)}, values)
    if kind == "json":
        texts = [None if one is _MISSING else json.dumps(one, ensure_ascii=False) for one in values]
        return pl.Series(texts, dtype=pl.String), ValueColumn(name, kind, is_always)
    known = values if is_always else [None if one is _MISSING else one for one in values]
    dtype = _TYPES.get(kind, pl.Float64())
    return pl.Series(known, dtype=dtype, strict=False), ValueColumn(name, kind, is_always)


def _kind_of_values(kinds: set[type], values: list[Any]) -> str:
    if kinds <= {int, float}:
        if any(type(one) is int and abs(one) > _EXACT for one in values):
            return "json"
        return "integer" if kinds == {int} else "number"
    return {frozenset({str}): "text", frozenset({bool}): "boolean"}.get(frozenset(kinds), "json")


def _is_told_by_columns(rows: Sequence[Values], columns: Iterable[ValueColumn]) -> bool:
    """Return whether columns give again which numbers were whole, and the order of names at each hit."""
    noted = {column.name: (place, column.kind) for place, column in enumerate(columns)}
    numbers = [name for name, (_, kind) in noted.items() if kind == "number"]
    if any(type(row.get(name)) is int for name in numbers for row in rows):
        return False
    orders = ([noted[name][0] for name in names] for names in set(map(tuple, rows)))
    return all(order == sorted(order) for order in orders)


def _given(series: pl.Series, column: ValueColumn) -> pl.Series:
    """Return a column as the screen gave it; an instant as files have it."""
    if column.kind == "integer":
        series = series.cast(pl.Int64)
    elif column.kind == "instant":
        series = series.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    return series.alias(column.name)


def _parts(series: pl.Series, column: ValueColumn) -> list[str | None]:
    """Return ``"name": value`` of each row; None where the row lacks it."""
    key = json.dumps(column.name, ensure_ascii=False)
    absent = f"{key}: null" if column.always and column.kind != "json" else None
    return [absent if value is None else f"{key}: {_text(value, column.kind)}" for value in series.to_list()]


def _shown_parts(series: pl.Series, column: ValueColumn) -> list[str | None]:
    """Return ``name=value`` of each row; None where it is unknown."""
    name, shown = column.name, _SHOWN.get(column.kind, str)
    return [None if value is None else f"{name}={shown(value)}" for value in series.to_list()]


def _rounded(number: float) -> str:
    whole = abs(number) >= _ALL_WHOLE
    return f"{number:.0f}" if whole else f"{number:.{_SHOWN_DIGITS}g}"


def _text(value: Any, kind: str) -> str:
    if kind == "json":
        return str(value)
    if kind == "instant":
        return json.dumps(value.isoformat().replace("+00:00", "Z"))
    return json.dumps(int(value) if kind == "integer" else value, ensure_ascii=False)


_SHOWN_DIGITS: Final = 6
_ALL_WHOLE: Final = 10**_SHOWN_DIGITS - 0.5
"""From here on six digits round to a whole number, or would lose some of its own."""
_SHOWN: Final[Mapping[str, Callable[[Any], str]]] = {
    "integer": lambda number: str(int(number)),
    "number": _rounded,
    "boolean": lambda value: "true" if value else "false",
    "instant": lambda moment: to_iso(from_datetime(moment)),
}
