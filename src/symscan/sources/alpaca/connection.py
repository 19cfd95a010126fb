"""One connection to the stream, through the official client.

The client's own ``run`` is not used: it never ends on a wrong key, does not report that a connection broke or
is back, subscribes everything again with every change, and blocks the caller's thread. Connecting and
authentication are used; every use of the client beyond its documentation is here.

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
"""What the client raises on an answer that is not of its protocol."""

_FRAGMENT: Final = 32_768
_PING_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 20.0

# The client raises what it logs: without a handler it would be printed on the terminal as well.
for _name in ("alpaca", "websockets"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Connection(StockDataStream):
    """A connection, from :meth:`start` to :meth:`disconnect`.

    Parameters
    ----------
    keys, hosts, feed
        Credentials, addresses, and the feed's name.
    answer_seconds
        Timeout of an answer to connecting or authenticating.
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
            await self.disconnect()
            raise Refusal("no answer in time") from None
        except (*BROKEN, *_GARBLED) as error:
            await self.disconnect()
            raise Refusal(_reason(error)) from None

    async def _connect(self) -> None:
        # The base waits for the first message without an end.
        await asyncio.wait_for(super()._connect(), 2.0 * self._answer_seconds)

    async def receive(self) -> bytes | str:
        """Wait for the next frame; raises one of :data:`BROKEN` if the connection broke."""
        data: bytes | str = await self._socket().recv()
        return data

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message, in fragments as the client does; raises one of :data:`BROKEN` on failure."""
        data: bytes = msgpack.packb(message)
        await self._socket().send([data[at : at + _FRAGMENT] for at in range(0, len(data), _FRAGMENT)])

    async def disconnect(self) -> None:
        """Close the connection: gracefully for a second, then by force."""
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
