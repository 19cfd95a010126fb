"""The bars a live session took in, as bytes: one column a bar, so that thousands cost as little as one."""

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
"""What a record calls symbols: the number each got when the record first heard of it."""


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
    """Bars that came into the session together.

    Attributes
    ----------
    origin
        How they came.
    numbers
        Whose bars, by the record's numbers, shape ``(n,)``.
    ends
        When they are complete, UTC microseconds, shape ``(n,)``, or ``(1,)`` where it is the same for all.
    fields
        Open, high, low, close, volume, shape ``(5, n)``.
    """

    origin: Origin
    numbers: Numbers
    ends: NDArray[np.int64]
    fields: Floats


def pack(groups: Sequence[BarGroup]) -> bytes:
    """The groups in order, as bytes: little-endian, to be read on any machine."""
    return b"".join(piece for group in groups for piece in _pieces(group))


def unpack(data: bytes) -> Iterator[BarGroup]:
    """What was packed; the arrays look into ``data`` and cannot be changed."""
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
