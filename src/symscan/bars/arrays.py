"""Large arrays that are used again: fresh memory costs several times what writing to it does."""

from __future__ import annotations

import math
import mmap
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask

_LARGE_BYTES: Final = 1 << 24

_MOST_KEPT: Final = 6
"""Fields and presence, of today's regular bars, of today's pre-market and of yesterday."""

_OWN_REFERENCES: Final = 3
"""Those to an array that nothing else sees: the pool's list, its variable, and the argument of the count."""


class ArrayPool:
    """Gives arrays, and gives their memory again when nothing sees it any more.

    Every view of an array holds a reference to it. So the memory of a bar that somebody keeps beyond its
    session is not used again, and the pool needs nobody to say when an array is done with.
    """

    def __init__(self) -> None:
        self._floats: list[NDArray[Any]] = []
        self._masks: list[NDArray[Any]] = []

    def floats(self, shape: tuple[int, ...], value: float) -> Floats:
        """Return an array of one value."""
        found = _taken(self._floats, math.prod(shape))
        if found is None:
            found = _fresh(math.prod(shape))
            _keep(self._floats, found)
        found = found[: math.prod(shape)].reshape(shape)
        found.fill(value)
        return found

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """Return an array that is False."""
        found = _taken(self._masks, math.prod(shape))
        if found is None:
            found = np.empty(math.prod(shape), np.bool_)
            _keep(self._masks, found)
        found = found[: math.prod(shape)].reshape(shape)
        found.fill(False)
        return found


def _taken(arrays: list[NDArray[Any]], size: int) -> NDArray[Any] | None:
    """Return an array of at least a size that nothing else sees."""
    for array in arrays:
        if array.size >= size and sys.getrefcount(array) == _OWN_REFERENCES:
            return array
    return None


def _keep(arrays: list[NDArray[Any]], array: NDArray[Any]) -> None:
    """Keep an array for later; the oldest goes, which something may still see."""
    arrays.append(array)
    del arrays[:-_MOST_KEPT]


def _fresh(size: int) -> Floats:
    """Allocate memory; a large array at once, since page by page costs several times that."""
    if 8 * size < _LARGE_BYTES or not hasattr(mmap, "MAP_POPULATE"):
        return np.empty(size)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    return np.frombuffer(mmap.mmap(-1, 8 * size, flags=flags), np.float64)
