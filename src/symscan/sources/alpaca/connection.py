"""One connection to the stream, through the official client.

The client's own ``run`` is not used: it never ends on a wrong key, does not say that a connection broke or is
back, subscribes everything anew with every change, and waits on the caller's thread. What it knows of the
protocol is: how to connect and how to authenticate. All we take of it beyond its documentation is here.

Import it where it is used: the client is an extra and slow to import.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]

from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.errors import Refusal

with warnings.catch_warnings():
    # The client builds on a module that its authors have deprecated: theirs to mend.
    warnings.filterwarnings("ignore", "websockets", DeprecationWarning)
    from alpaca.data.enums import DataFeed
    from alpaca.data.live.stock import StockDataStream
    from websockets.exceptions import WebSocketException

__all__ = ["BROKEN", "Connection"]

BROKEN: Final = (WebSocketException, OSError, EOFError)
"""What a broken connection raises."""

_GARBLED: Final = (ValueError, LookupError, TypeError, AttributeError)
"""What the client raises where the other side speaks something else."""

_FRAGMENT: Final = 32_768
_PING_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 20.0

# What it logs it also raises; nobody asked to see it on the terminal.
for _name in ("alpaca", "websockets"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Connection(StockDataStream):
    """A connection, from :meth:`start` to :meth:`hang_up`.

    Parameters
    ----------
    keys, hosts, feed
        Who connects, where to, and to which feed.
    answer_seconds
        How long an answer to connecting or authenticating is waited for.
    """

    def __init__(self, keys: AlpacaKeys, hosts: AlpacaHosts, feed: str, answer_seconds: float) -> None:
        super().__init__(
            keys.key_id,
            keys.secret,
            raw_data=True,
            feed=DataFeed(feed),
            url_override=f"{hosts.stream_url}/v2/{feed}",
            websocket_params={
                "open_timeout": answer_seconds,
                "close_timeout": 1.0,
                "ping_interval": _PING_SECONDS,
                "ping_timeout": _SILENT_SECONDS,
                # A minute's bars may come as one frame, and reading must never wait for us.
                "max_size": None,
                "max_queue": None,
                "compression": None,
            },
        )
        self._answer_seconds = answer_seconds

    async def start(self) -> None:
        """Connect and authenticate.

        Raises
        ------
        Refusal
            If that was refused, failed, or found no answer; nothing is left open.
        """
        try:
            await self._connect()
            await asyncio.wait_for(self._auth(), self._answer_seconds)
        except TimeoutError:
            await self.hang_up()
            raise Refusal("no answer in time") from None
        except (*BROKEN, *_GARBLED) as error:
            await self.hang_up()
            raise Refusal(_reason(error)) from None

    async def _connect(self) -> None:
        # The base waits for the first message without an end.
        await asyncio.wait_for(super()._connect(), 2.0 * self._answer_seconds)

    async def receive(self) -> bytes | str:
        """The next frame; one of :data:`BROKEN` if the connection broke."""
        data: bytes | str = await self._socket().recv()
        return data

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message, in fragments as the client does; one of :data:`BROKEN` if that broke."""
        data: bytes = msgpack.packb(message)
        await self._socket().send([data[at : at + _FRAGMENT] for at in range(0, len(data), _FRAGMENT)])

    async def hang_up(self) -> None:
        """Close it, politely for a second, then anyway."""
        socket, self._ws = self._ws, None
        if socket is None:
            return
        with suppress(*BROKEN):
            await asyncio.wait_for(socket.close(), 1.5)
        if socket.transport is not None:
            socket.transport.abort()

    def _socket(self) -> Any:
        if self._ws is None:
            raise EOFError("not connected")
        return self._ws


def _reason(error: BaseException) -> str:
    status = getattr(error, "status_code", None)
    if status is not None:
        return f"HTTP {status}"
    return str(error) or type(error).__name__
