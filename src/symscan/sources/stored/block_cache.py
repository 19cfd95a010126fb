"""A cache of bars between the sessions of one run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from symscan.model.bar import Block

_LIMIT_BYTES = 400_000_000

_BYTES_OF_A_BLOCK = 400
"""What a block takes besides its numbers: most of it, where there are few symbols."""


class BlockCache:
    """LRU cache of blocks by what they were made from: bars only, never state, so days stay independent.

    Parameters
    ----------
    limit_bytes
        The capacity.
    """

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._blocks: OrderedDict[Hashable, Sequence[Block]] = OrderedDict()
        self._used: set[Hashable] = set()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._blocks

    def begin_session(self) -> None:
        """Drop what the last session did not use: the window of history has gone past it."""
        for key in [one for one in self._blocks if one not in self._used]:
            self._bytes -= _size(self._blocks.pop(key))
        self._used.clear()

    def get_or_make(self, key: Hashable, make: Callable[[], Sequence[Block]]) -> Sequence[Block]:
        """Return the blocks of a key, made if they are not cached."""
        self._used.add(key)
        blocks = self._blocks.get(key)
        if blocks is None:
            blocks = make()
            self.put(key, blocks)
        else:
            self._blocks.move_to_end(key)
        return blocks

    def put(self, key: Hashable, blocks: Sequence[Block]) -> None:
        """Cache blocks, and evict the least recently used beyond the capacity."""
        self._used.add(key)
        self._bytes += _size(blocks) - _size(self._blocks.pop(key, ()))
        self._blocks[key] = blocks
        while self._bytes > self._limit and len(self._blocks) > 1:
            _, gone = self._blocks.popitem(last=False)
            self._bytes -= _size(gone)


def _size(blocks: Sequence[Block]) -> int:
    return sum(_BYTES_OF_A_BLOCK + block.fields.nbytes + block.present.nbytes for block in blocks)
