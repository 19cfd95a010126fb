"""Pack the bars of a live session as bytes, by column, so that thousands cost as little as one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats

Numbers = NDArray[np.int32]
"""A record's numbers of symbols, given in the order in which symbols first appear."""


class Origin(StrEnum):
    """How bars came into the session."""

    SLICE = "slice"
    LATE = "late"
    CORRECTED = "corrected"
    RECOVERED = "recovered"
    CATCH_UP = "catch_up"


_CODES: Final = tuple(Origin)
_HEAD: Final = struct.Struct("<BII")


@dataclass(frozen=True, slots=True, eq=False)
class BarGroup:
    """Bars that came into the session together, of one origin.

    Attributes
    ----------
    origin
        How they came.
    numbers
        The record's numbers of their symbols, shape ``(n,)``.
    ends
        The ends of the bars, UTC microseconds, shape ``(n,)``, or ``(1,)`` where it is the same for all.
    fields
        Open, high, low, close, volume, shape ``(5, n)``.
    """

    origin: Origin
    numbers: Numbers
    ends: NDArray[np.int64]
    fields: Floats


def pack(groups: Sequence[BarGroup]) -> bytes:
    """Pack groups in order: little-endian, to be read on any machine."""
    return b"".join(piece for group in groups for piece in _pieces(group))


def unpack(data: bytes) -> Iterator[BarGroup]:
    """Unpack groups; the arrays are read-only views of ``data``."""
    offset = 0
    while offset < len(data):
        code, count, ends = _HEAD.unpack_from(data, offset)
        offset += _HEAD.size
        numbers = np.frombuffer(data, "<i4", count, offset)
        offset += numbers.nbytes
        instants = np.frombuffer(data, "<i8", ends, offset)
        offset += instants.nbytes
        fields = np.frombuffer(data, "<f8", 5 * count, offset)
        offset += fields.nbytes
        yield BarGroup(_CODES[code], numbers, instants, fields.reshape(5, count))


def _pieces(group: BarGroup) -> Iterator[bytes]:
    yield _HEAD.pack(_CODES.index(group.origin), len(group.numbers), len(group.ends))
    for values, kind in ((group.numbers, "<i4"), (group.ends, "<i8"), (group.fields, "<f8")):
        yield np.ascontiguousarray(values, kind).tobytes()
