"""Decode a frame of the stream into columns at once: thousands of bars arrive in one burst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]
import numpy as np

from symscan.model.bar import Floats
from symscan.model.instant import MINUTE
from symscan.sources.ports import BarBatch

_BAR: Final = "b"
_UPDATED_BAR: Final = "u"
_COLUMNS: Final = itemgetter("S", "t", "o", "h", "l", "c", "v")
_MALFORMED: Final = (KeyError, TypeError, ValueError, OverflowError)
_TEXT: Final[frozenset[type]] = frozenset({str})
_WHOLE: Final[frozenset[type]] = frozenset({int})
_NUMBERS: Final[frozenset[type]] = frozenset({int, float})
_INTEGER_NANOSECONDS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A decoded frame.

    Attributes
    ----------
    batches
        Its bars, in order; new ones and corrections apart.
    controls
        The other messages: acknowledgements and errors.
    malformed
        Number of messages of a bar's type that could not be decoded.
    """

    batches: tuple[BarBatch, ...]
    controls: tuple[Mapping[str, Any], ...]
    malformed: int


def decode(data: bytes | str) -> Frame:
    """Decode a frame.

    Raises
    ------
    ValueError
        If it is not of Alpaca's format.
    """
    messages = _messages(data)
    batches: list[BarBatch] = []
    controls: list[Mapping[str, Any]] = []
    malformed = 0
    for kind, group in groupby(messages, key=_kind):
        if kind not in (_BAR, _UPDATED_BAR):
            controls += group
            continue
        bars = list(group)
        batch = _to_batch(bars, corrected=kind == _UPDATED_BAR)
        malformed += len(bars) - len(batch.symbols)
        if batch.symbols:
            batches.append(batch)
    return Frame(tuple(batches), tuple(controls), malformed)


def _messages(data: bytes | str) -> list[Any]:
    if isinstance(data, str):
        raise ValueError("text where messages were expected")
    messages = msgpack.unpackb(data, timestamp=_INTEGER_NANOSECONDS)
    if not isinstance(messages, list) or not all(type(message) is dict for message in messages):
        raise ValueError("something else than messages")
    return messages


def _kind(message: Mapping[str, Any]) -> Any:
    return message.get("T")


def _to_batch(bars: Sequence[Mapping[str, Any]], *, corrected: bool) -> BarBatch:
    try:
        columns = _columns(map(_COLUMNS, bars))
    except _MALFORMED:
        columns = _columns(_COLUMNS(bar) for bar in bars if _is_whole(bar))
    symbols, ends, fields = columns  # the session validates the bars: one rule for all feeds
    return BarBatch(symbols, ends, fields, corrected)


def _columns(
    rows: Iterable[tuple[Any, ...]],
) -> tuple[tuple[str, ...], np.ndarray[Any, np.dtype[np.int64]], Floats]:
    symbols, starts, *values = tuple(zip(*rows, strict=True)) or ((),) * 7
    _check_types(symbols, _TEXT)
    _check_types(starts, _WHOLE)
    for column in values:
        _check_types(column, _NUMBERS)
    # Alpaca labels bars by their start, symscan by their end.
    ends = np.array(starts, np.int64) // 1_000 + MINUTE
    return symbols, ends, np.array(values, np.float64)


def _check_types(column: Sequence[Any], allowed: frozenset[type]) -> None:
    # Cheap enough for every bar; and NumPy would make a number of a text.
    if not allowed.issuperset(map(type, column)):
        raise TypeError("a value of another kind")


def _is_whole(bar: Mapping[str, Any]) -> bool:
    try:
        _columns([_COLUMNS(bar)])
    except _MALFORMED:
        return False
    return True
