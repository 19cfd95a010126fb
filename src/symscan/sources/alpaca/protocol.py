"""The protocol of one connection to the stream: subscribe symbols, and deliver bars and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from symscan.errors import FeedError
from symscan.sources.alpaca.connection import BROKEN, Connection
from symscan.sources.alpaca.decode import decode
from symscan.sources.alpaca.errors import (
    LOSES_BARS,
    SERVER_ERROR,
    SLOW_CLIENT,
    SYMBOL_LIMIT,
    error_message,
    refusal_of_code,
)
from symscan.sources.alpaca.subscriptions import SubscriptionRequest, Subscriptions
from symscan.sources.ports import BarBatch, BarsDropped, Connected, Delivery, Notice

DeliveryHandler = Callable[[Delivery | FeedError], None]


class StreamProtocol:
    """Runs the protocol from authentication to the end of a connection.

    Parameters
    ----------
    connection
        Started.
    subscriptions
        The requested symbols; none is subscribed yet.
    changed
        Set whenever the requested symbols change.
    publish
        Takes deliveries for the session.
    answer_seconds
        Timeout of an answer to a request.
    """

    def __init__(
        self,
        connection: Connection,
        subscriptions: Subscriptions,
        changed: asyncio.Event,
        publish: DeliveryHandler,
        answer_seconds: float,
    ) -> None:
        self._connection = connection
        self._subscriptions = subscriptions
        self._changed = changed
        self._publish = publish
        self._answer_seconds = answer_seconds
        self._reply: asyncio.Future[Mapping[str, Any]] | None = None
        self._early_batches: list[BarBatch] = []
        self._slow = 0
        self.live_since: float | None = None
        """When all requested symbols were subscribed and ``Connected`` was published, on the loop's clock."""

    async def run(self) -> str:
        """Process messages until the connection breaks; return the reason.

        Raises
        ------
        Refusal
            If the stream ended it with an error.
        """
        self._subscriptions.reset()
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._subscribe())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        except BROKEN as error:
            return f"the connection broke: {error or type(error).__name__}"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return "the connection ended"

    async def _read(self) -> None:
        while True:
            data = await self._connection.receive()
            try:
                frame = decode(data)
            except ValueError as error:
                why = str(error) or type(error).__name__
                self._publish(BarsDropped(f"Alpaca sent something unreadable ({why})"))
                continue
            for batch in frame.batches:
                self._deliver(batch)
            if frame.malformed:
                self._publish(
                    BarsDropped(f"Alpaca sent {frame.malformed} bars that are none; they are ignored")
                )
            for control in frame.controls:
                self._handle_control(control)

    def _deliver(self, batch: BarBatch) -> None:
        if self.live_since is None:
            self._early_batches.append(batch)  # ``Connected`` is published first
        else:
            self._publish(batch)

    def _handle_control(self, control: Mapping[str, Any]) -> None:
        match control.get("T"):
            case "subscription":
                self._resolve_reply(control)
            case "error":
                self._handle_error(control)

    def _handle_error(self, error: Mapping[str, Any]) -> None:
        code = error.get("code")
        refusal = refusal_of_code(code)
        if refusal is not None:
            raise refusal
        if code == SLOW_CLIENT:
            self._slow += 1
        elif self._reply is not None and code == SERVER_ERROR:
            raise EOFError(f"{error.get('msg')} ({code})")  # the stream's state is unknown: reconnect
        elif self._reply is not None:
            self._resolve_reply(error)
            return
        message = error_message(code, str(error.get("msg")), self._slow)
        self._publish(BarsDropped(message) if code in LOSES_BARS else Notice(message))

    def _resolve_reply(self, message: Mapping[str, Any]) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(message)

    async def _subscribe(self) -> None:
        while True:
            self._changed.clear()
            while request := self._subscriptions.next_request():
                self._publish_notice(await self._request(request))
            if (limit_change := self._subscriptions.take_limit_change()) is not None:
                self._publish(limit_change)
            if self.live_since is None:
                self._go_live()
            await self._changed.wait()

    async def _request(self, request: SubscriptionRequest) -> str | None:
        """Send a request and process the answer; return a message if it was refused."""
        answer = await self._send(request)
        if answer.get("T") == "subscription":
            return self._subscriptions.handle_accepted(request, answer.get("bars") or ())
        if answer.get("code") == SYMBOL_LIMIT and request.action == "subscribe":
            self._subscriptions.handle_limit(request)
            return None
        return self._subscriptions.handle_refused(request, f"{answer.get('msg')}, {answer.get('code')}")

    async def _send(self, request: SubscriptionRequest) -> Mapping[str, Any]:
        symbols = list(request.symbols)
        self._reply = asyncio.get_running_loop().create_future()
        try:
            await self._connection.send({"action": request.action, "bars": symbols, "updatedBars": symbols})
            return await asyncio.wait_for(self._reply, self._answer_seconds)
        except TimeoutError:
            raise EOFError(f"no answer to {request.action} of {len(symbols)} symbols") from None
        finally:
            self._reply = None

    def _go_live(self) -> None:
        self.live_since = asyncio.get_running_loop().time()
        self._publish(Connected())
        for batch in self._early_batches:
            self._publish(batch)
        self._early_batches.clear()

    def _publish_notice(self, message: str | None) -> None:
        if message:
            self._publish(Notice(message))
