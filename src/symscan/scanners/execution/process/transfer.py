"""Send a session's columns to another process, each block of bars only once.

A day of bars of 8,000 symbols is 130 MB, and all of it but the newest minute is the same at the next
scan. So bars are sent once and referenced by number from then on; both sides drop those that a message
does not mention.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable
from itertools import count
from multiprocessing.connection import Connection
from typing import Any, Final

import numpy as np

from symscan.model.bar import Block, Floats, Mask
from symscan.model.instant import Instant
from symscan.session.bar_history import LazyBlocks, LoadedBlocks

_PROTOCOL: Final = 5


def kept_block(number: int, end: Instant, fields: Floats, present: Mask) -> Block:  # noqa: ARG001
    """Stands in a message for a block sent for the first time."""
    return Block(end, fields, present)


def kept_later(number: int, pickled: bytes) -> Any:  # noqa: ARG001
    """Stands in a message for blocks that are loaded on first access."""
    return pickle.loads(pickled)


def kept_blocks(number: int, ends: tuple[Instant, ...], fields: Floats, present: Mask) -> LoadedBlocks:  # noqa: ARG001
    """Stands in a message for bars of earlier sessions."""
    return LoadedBlocks(map(Block, ends, fields, present))


def known(number: int) -> Any:
    """Stands in a message for what was sent before.

    Raises
    ------
    pickle.UnpicklingError
        Always: only an :class:`Inbox` knows it.
    """
    raise pickle.UnpicklingError(f"number {number} was sent to another process")


class Outbox:
    """Sends values to one process; blocks of bars it has by now travel as numbers.

    Parameters
    ----------
    connection
        To the process, which has an :class:`Inbox` on it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = count()
        self._sent: dict[int, _Sent] = {}

    def send(self, value: object) -> int:
        """Send a value; arrays are written straight from their memory.

        Returns
        -------
        int
            How many bytes were sent.

        Raises
        ------
        OSError
            If the process has ended.
        Exception
            Whatever pickling raises; nothing was sent then.
        """
        mentioned: dict[int, _Sent] = {}
        arrays: list[pickle.PickleBuffer] = []
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream, _PROTOCOL, buffer_callback=arrays.append)
        pickler.dispatch_table = copyreg.dispatch_table | {
            Block: lambda block: self._block(block, mentioned),
            LoadedBlocks: lambda blocks: self._blocks(blocks, mentioned),
            LazyBlocks: lambda later: self._later(later, mentioned),
        }
        pickler.dump(value)
        self._sent = mentioned  # holds them, so that no other object takes an id that means them
        parts = [stream.getbuffer(), *(array.raw() for array in arrays)]
        self._connection.send_bytes(pickle.dumps([part.nbytes for part in parts], _PROTOCOL))
        for part in parts:
            self._connection.send_bytes(part)
        return sum(part.nbytes for part in parts)

    def _block(self, block: Block, mentioned: dict[int, _Sent]) -> _Reduced:
        edition = block.edition  # before its arrays are read: a change meanwhile is sent the next time
        number, is_new = self._number(block, edition, mentioned)
        return (
            (kept_block, (number, block.end, block.fields, block.present)) if is_new else (known, (number,))
        )

    def _blocks(self, blocks: LoadedBlocks, mentioned: dict[int, _Sent]) -> _Reduced:
        number, is_new = self._number(blocks, 0, mentioned)
        if not is_new:
            return known, (number,)
        ends, fields, present = [], [], []
        for block in blocks:
            ends.append(block.end)
            fields.append(block.fields)
            present.append(block.present)
        stacked = (np.stack(fields), np.stack(present)) if ends else ((), ())
        return kept_blocks, (number, tuple(ends), *stacked)

    def _later(self, later: LazyBlocks, mentioned: dict[int, _Sent]) -> _Reduced:
        number, is_new = self._number(later, 0, mentioned)
        return (kept_later, (number, _as_recipe(later))) if is_new else (known, (number,))

    def _number(self, value: object, edition: int, mentioned: dict[int, _Sent]) -> tuple[int, bool]:
        """Return the number that stands for a value, and whether it has to be sent."""
        before = self._sent.get(id(value))
        is_new = before is None or before[1] != edition
        sent = (value, edition, next(self._numbers)) if before is None or is_new else before
        mentioned[id(value)] = sent
        return sent[2], is_new


class Inbox:
    """Receives what an :class:`Outbox` sends, and keeps the blocks of the last message.

    Parameters
    ----------
    connection
        From the process that sends.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._kept: dict[int, Any] = {}

    def receive(self) -> Any:
        """The next value.

        Raises
        ------
        EOFError
            If the sender is gone.
        """
        sizes = pickle.loads(self._connection.recv_bytes())
        parts = [bytearray(size) for size in sizes]
        for part in parts:
            self._connection.recv_bytes_into(part)
        stream, *arrays = parts
        mentioned: dict[int, Any] = {}
        value = _Unpickler(io.BytesIO(stream), arrays, self._makers(mentioned)).load()
        self._kept = mentioned
        return value

    def _makers(self, mentioned: dict[int, Any]) -> dict[str, Callable[..., Any]]:
        """Return the functions that stand-ins call on this side."""

        def keep(make: Callable[..., Any]) -> Callable[..., Any]:
            def kept(number: int, *parts: Any) -> Any:
                return mentioned.setdefault(number, make(number, *parts))

            return kept

        def recall(number: int) -> Any:
            return mentioned.setdefault(number, self._kept[number])

        makers = {maker.__name__: keep(maker) for maker in (kept_block, kept_blocks, kept_later)}
        return {**makers, known.__name__: recall}


class _Unpickler(pickle.Unpickler):
    """Loads a message, its stand-ins replaced by what they mean."""

    def __init__(
        self, stream: io.BytesIO, arrays: list[bytearray], makers: dict[str, Callable[..., Any]]
    ) -> None:
        super().__init__(stream, buffers=arrays)
        self._makers = makers

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__:
            return self._makers[name]
        return super().find_class(module, name)


_Sent = tuple[object, int, int]
"""A value, its edition, and the number that stands for it."""

_Reduced = tuple[Callable[..., Any], tuple[Any, ...]]


def _as_recipe(later: LazyBlocks) -> bytes:
    """Pickle lazy blocks as how to load them; where that cannot be pickled, as the blocks themselves."""
    try:
        return pickle.dumps(later, _PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return pickle.dumps(list(later), _PROTOCOL)
