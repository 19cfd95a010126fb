"""Bars kept in memory between the sessions of one run, the longest unused given up first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from symscan.model.bar import Block

_LIMIT_BYTES = 400_000_000

_BYTES_OF_A_BLOCK = 400
"""What a block takes besides its numbers: most of it, where there are few symbols."""


class BlockCache:
    """Blocks by what they were made from: bars only, never state, so that days stay independent.

    Parameters
    ----------
    limit_bytes
        How much to keep.
    """

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Sequence[Block]] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def keep(self, key: Hashable, make: Callable[[], Sequence[Block]]) -> Sequence[Block]:
        """The blocks of that key, made if they are not here."""
        blocks = self._kept.get(key)
        if blocks is None:
            blocks = make()
            self.put(key, blocks)
        else:
            self._kept.move_to_end(key)
        return blocks

    def put(self, key: Hashable, blocks: Sequence[Block]) -> None:
        """Keep the blocks, and give up others if that is too much."""
        self._bytes += _size(blocks) - _size(self._kept.pop(key, ()))
        self._kept[key] = blocks
        while self._bytes > self._limit and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= _size(gone)


def _size(blocks: Sequence[Block]) -> int:
    return sum(_BYTES_OF_A_BLOCK + block.fields.nbytes + block.present.nbytes for block in blocks)
