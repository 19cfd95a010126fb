"""A stand-in for Alpaca on the loopback address: real sockets, its protocol, misbehaviour on command.

::

    with AlpacaServer(bars=[ServerBar("AAPL", start, 1.0, 2.0, 0.5, 1.5, 100)]) as server:
        feed = AlpacaFeed(server.keys, server.hosts, "iex")     # or run a command with server.environment
        ...
        server.wait(lambda: "AAPL" in server.subscribed)
        server.send_bars([bar])                                 # bars now, to whoever subscribed them
        server.send_bars([bar], updated=True)                   # a correction
        server.drop()                                           # the connection breaks
        server.refuse(3)                                        # and cannot be made again three times
        server.rest.fail(429, times=2)                          # REST: the next two requests

The stream (websocket, msgpack) and REST (JSON) share one port. Commands may be called from any thread and
return when done; ``wait`` waits for what a client does. ``support.alpaca.rest`` is the REST half.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from types import TracebackType
from typing import Any, TypeVar

import msgpack  # type: ignore[import-untyped]
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from support.alpaca.rest import HOLDING, RestHalf, ServerBar, ServerSplit
from support.waiting import LIMIT
from symscan.sources.alpaca.credentials import (
    DATA_URL,
    KEY_ID,
    SECRET_KEY,
    STREAM_URL,
    TRADING_URL,
    AlpacaHosts,
    AlpacaKeys,
)

__all__ = ["ERRORS", "AlpacaServer", "ServerBar", "ServerSplit"]

LOOPBACK = str(IPv4Address(socket.INADDR_LOOPBACK))
T = TypeVar("T")

CHANNELS = ("bars", "updatedBars")

ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    407: "slow client",
    408: "v2 not enabled",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
    500: "internal error",
}
"""The errors of the stream, by code."""


@dataclass(eq=False)
class _Client:
    """One connection to the stream."""

    connection: ServerConnection
    feed: str
    is_authenticated: bool = False
    subscribed: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in CHANNELS})

    async def say(self, *messages: Mapping[str, Any]) -> None:
        await self.connection.send(msgpack.packb(messages))


class AlpacaServer:
    """The stand-in.

    Parameters
    ----------
    bars, daily, splits
        What REST gives: minute bars, daily bars (which start at midnight in New York), splits.
    feeds
        The feeds the account may use.
    symbol_limit, connection_limit
        How many symbols a connection may subscribe, and how many connections there may be.
    page_limit
        The most bars in one answer, whatever was asked for.

    Attributes
    ----------
    rest
        The REST half: its requests so far, and its misbehaviour.
    actions
        What clients asked of the stream, in order: ``("subscribe", ("AAPL", ...))``.
    handshakes
        How many connections to the stream were tried.
    errors_at_auth, errors_at_change
        Codes to answer the next authentications, or changes of subscription, with; taken from the front.
    is_mute
        Whether the stream answers nothing at all, not even authentication.
    is_held
        Whether the stream does what it is asked for only when this is no longer so.
    """

    def __init__(
        self,
        bars: Iterable[ServerBar] = (),
        *,
        daily: Iterable[ServerBar] = (),
        splits: Iterable[ServerSplit] = (),
        feeds: Sequence[str] = ("iex", "sip"),
        symbol_limit: int | None = None,
        connection_limit: int = 1,
        page_limit: int = 10_000,
        key_id: str = "PKSTANDIN",
        secret: str = "stand-in-secret",
    ) -> None:
        self.keys = AlpacaKeys(key_id, secret)
        self.rest = RestHalf(self.keys, feeds, page_limit, self._tell)
        self.rest.add_bars("1Min", bars)
        self.rest.add_bars("1Day", daily)
        self.rest.splits.extend(splits)
        self.feeds = tuple(feeds)
        self.symbol_limit = symbol_limit
        self.connection_limit = connection_limit
        self.actions: list[tuple[str, tuple[str, ...]]] = []
        self.handshakes = 0
        self.errors_at_auth: list[int] = []
        self.errors_at_change: list[int] = []
        self.is_mute = False
        self.is_held = False
        self._refusals = 0
        self._clients: list[_Client] = []
        self._accepted: list[ServerConnection] = []
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event

    # -- for tests ------------------------------------------------------------------------------------------

    def __enter__(self) -> AlpacaServer:
        self._thread.start()
        assert self._ready.wait(LIMIT), "the stand-in server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "the stand-in server did not end"
        with warnings.catch_warnings():  # a connection that came in the last instant was handed to nobody
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    @property
    def hosts(self) -> AlpacaHosts:
        """Its addresses, for ``AlpacaFeed`` and ``AlpacaRest``."""
        plain = f"http://{LOOPBACK}:{self.port}"
        return AlpacaHosts(plain, f"ws://{LOOPBACK}:{self.port}", plain)

    @property
    def environment(self) -> dict[str, str]:
        """Keys and addresses as environment variables, for a command."""
        hosts = self.hosts
        return {
            KEY_ID: self.keys.key_id,
            SECRET_KEY: self.keys.secret,
            DATA_URL: hosts.data_url,
            STREAM_URL: hosts.stream_url,
            TRADING_URL: str(hosts.trading_url),
        }

    @property
    def subscribed(self) -> set[str]:
        """The symbols whose bars somebody subscribed."""
        return set().union(*(client.subscribed["bars"] for client in list(self._clients)))

    @property
    def connections(self) -> int:
        """How many clients are authenticated."""
        return sum(client.is_authenticated for client in list(self._clients))

    def wait(self, condition: Callable[[], bool], seconds: float = LIMIT) -> None:
        """Wait until a client has done something: connected, subscribed, asked."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "the client did not do it in time"

    def send_bars(self, bars: Sequence[ServerBar], *, updated: bool = False, per_frame: int = 10_000) -> int:
        """Send bars in this order to whoever subscribed them; how many went out."""
        return self._do(self._send_bars(bars, "updatedBars" if updated else "bars", per_frame))

    def send_error(self, code: int, message: str | None = None) -> None:
        """Send an error to every client."""
        error = {"T": "error", "code": code, "msg": message or ERRORS[code]}
        self._do(self._to_all(lambda client: client.say(error)))

    def send_raw(self, data: bytes | str) -> None:
        """Send a frame of anything to every client."""
        self._do(self._to_all(lambda client: client.connection.send(data)))

    def send_half_a_frame(self) -> None:
        """Begin a frame to every client, and break the connection in its middle."""
        self._do(self._to_all(_half_a_frame))

    def drop(self) -> None:
        """Break every connection without a goodbye; returns when they are gone."""
        self._do(self._to_all(_abort))
        self.wait(lambda: not self._clients)

    def refuse(self, times: int) -> None:
        """Refuse the next connections to the stream altogether."""
        self._refusals = times

    # -- its own thread -------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(LIMIT)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = self.rest.over = asyncio.Event()
        server: Server = await serve(
            self._stream, LOOPBACK, 0, process_request=self._answer, max_size=None, close_timeout=1
        )
        self.port: int = next(iter(server.sockets)).getsockname()[1]
        self._ready.set()
        await self._over.wait()
        for connection in self._accepted:  # those of REST, too: none may outlive the loop
            connection.transport.abort()
            await asyncio.wait_for(connection.wait_closed(), LIMIT)
        server.close()
        await server.wait_closed()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self._accepted.append(connection)
        if "Upgrade" not in request.headers:
            return await self.rest.answer(request)
        self.handshakes += 1
        self._tell()
        if self._refusals:
            self._refusals -= 1
            return connection.respond(503, "refused on command\n")
        return None

    async def _stream(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        client = _Client(connection, path.rpartition("/")[2])
        self._clients.append(client)
        with suppress(ConnectionClosed):
            if not self.is_mute:
                await client.say({"T": "success", "msg": "connected"})
            async for frame in connection:
                while self.is_held and not self._over.is_set():
                    await asyncio.sleep(HOLDING)
                if not self.is_mute:
                    await self._obey(client, msgpack.unpackb(frame))
        self._clients.remove(client)
        self._tell()

    async def _obey(self, client: _Client, message: Mapping[str, Any]) -> None:
        match message.get("action"):
            case "auth":
                error = self._fault_of_auth(client, message)
            case "subscribe" | "unsubscribe" as action:
                error = self._fault_of_change(client, action, message)
            case _:
                error = 400
        if error:
            await client.say({"T": "error", "code": error, "msg": ERRORS[error]})
        elif message["action"] == "auth":
            client.is_authenticated = True
            await client.say({"T": "success", "msg": "authenticated"})
        else:
            state = {name: sorted(symbols) for name, symbols in client.subscribed.items()}
            await client.say({"T": "subscription", **state})
        self._tell()

    def _fault_of_auth(self, client: _Client, message: Mapping[str, Any]) -> int | None:
        if self.errors_at_auth:
            return self.errors_at_auth.pop(0)
        if (message.get("key"), message.get("secret")) != (self.keys.key_id, self.keys.secret):
            return 402
        if client.is_authenticated:
            return 403
        if client.feed not in self.feeds:
            return 409
        return 406 if self.connections >= self.connection_limit else None

    def _fault_of_change(self, client: _Client, action: str, message: Mapping[str, Any]) -> int | None:
        if not client.is_authenticated:
            return 401
        self.actions.append((action, tuple(message.get("bars", ()))))
        if self.errors_at_change:
            return self.errors_at_change.pop(0)
        after = {name: set(symbols) for name, symbols in client.subscribed.items()}
        for name in CHANNELS:
            change = after[name].update if action == "subscribe" else after[name].difference_update
            change(message.get(name, ()))
        if self.symbol_limit is not None and len(after["bars"]) > self.symbol_limit:
            return 405  # and nothing is changed
        client.subscribed = after
        return None

    async def _send_bars(self, bars: Sequence[ServerBar], channel: str, per_frame: int) -> int:
        sent = 0
        for client in list(self._clients):
            wanted = client.subscribed[channel]
            messages = [bar.to_message(channel) for bar in bars if bar.symbol in wanted]
            for part in _parts(messages, per_frame):
                await client.say(*part)
            sent += len(messages)
        return sent

    async def _to_all(self, act: Callable[[_Client], Coroutine[Any, Any, None]]) -> None:
        for client in list(self._clients):
            with suppress(ConnectionClosed):
                await act(client)


def _parts(messages: Sequence[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    for first in range(0, len(messages), size):
        yield messages[first : first + size]


async def _abort(client: _Client) -> None:
    client.connection.transport.abort()


async def _half_a_frame(client: _Client) -> None:
    # A binary frame that promises 1,000 bytes and brings ten.
    client.connection.transport.write(b"\x82\x7e\x03\xe8" + bytes(10))
    client.connection.transport.close()
