"""What is said over one connection: who is subscribed, and the bars that come."""

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
    meaning,
    refused_by,
)
from symscan.sources.alpaca.subscriptions import Change, Subscriptions
from symscan.sources.ports import BarBatch, BarsDropped, Connected, Delivery, Notice

Tell = Callable[[Delivery | FeedError], None]


class StreamProtocol:
    """From authentication to the end of a connection.

    Parameters
    ----------
    connection
        Started.
    subscriptions
        What is wanted; nothing of it is subscribed yet.
    changed
        Set whenever something else is wanted.
    tell
        Takes what the session is told.
    answer_seconds
        How long an answer to a request is waited for.
    """

    def __init__(
        self,
        connection: Connection,
        subscriptions: Subscriptions,
        changed: asyncio.Event,
        tell: Tell,
        answer_seconds: float,
    ) -> None:
        self._connection = connection
        self._subscriptions = subscriptions
        self._changed = changed
        self._tell = tell
        self._answer_seconds = answer_seconds
        self._reply: asyncio.Future[Mapping[str, Any]] | None = None
        self._held: list[BarBatch] = []
        self._slow = 0
        self.live_since: float | None = None
        """When everything wanted was subscribed and the session told so, on the loop's clock."""

    async def run(self) -> str:
        """Talk until the connection breaks; the reason.

        Raises
        ------
        Refusal
            If the stream ended it with an error.
        """
        self._subscriptions.forget()
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
                self._tell(BarsDropped(f"Alpaca sent something unreadable ({why})"))
                continue
            for arrivals in frame.arrivals:
                self._pass_on(arrivals)
            if frame.broken:
                self._tell(BarsDropped(f"Alpaca sent {frame.broken} bars that are none; they are ignored"))
            for control in frame.controls:
                self._hear(control)

    def _pass_on(self, arrivals: BarBatch) -> None:
        if self.live_since is None:
            self._held.append(arrivals)  # the session hears first that the feed is back
        else:
            self._tell(arrivals)

    def _hear(self, control: Mapping[str, Any]) -> None:
        match control.get("T"):
            case "subscription":
                self._answered(control)
            case "error":
                self._hear_error(control)

    def _hear_error(self, error: Mapping[str, Any]) -> None:
        code = error.get("code")
        refusal = refused_by(code)
        if refusal is not None:
            raise refusal
        if code == SLOW_CLIENT:
            self._slow += 1
        elif self._reply is not None and code == SERVER_ERROR:
            raise EOFError(f"{error.get('msg')} ({code})")  # its state is anybody's guess: begin anew
        elif self._reply is not None:
            self._answered(error)
            return
        message = meaning(code, str(error.get("msg")), self._slow)
        self._tell(BarsDropped(message) if code in LOSES_BARS else Notice(message))

    def _answered(self, message: Mapping[str, Any]) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(message)

    async def _subscribe(self) -> None:
        while True:
            self._changed.clear()
            while change := self._subscriptions.next_change():
                self._notice(await self._request(change))
            if (limited := self._subscriptions.limited()) is not None:
                self._tell(limited)
            if self.live_since is None:
                self._go_live()
            await self._changed.wait()

    async def _request(self, change: Change) -> str | None:
        """Ask for a change and note the answer; a message if it was not yes."""
        answer = await self._ask(change)
        if answer.get("T") == "subscription":
            return self._subscriptions.accept(change, answer.get("bars") or ())
        if answer.get("code") == SYMBOL_LIMIT and change.action == "subscribe":
            self._subscriptions.exceed(change)
            return None
        return self._subscriptions.refuse(change, f"{answer.get('msg')}, {answer.get('code')}")

    async def _ask(self, change: Change) -> Mapping[str, Any]:
        symbols = list(change.symbols)
        self._reply = asyncio.get_running_loop().create_future()
        try:
            await self._connection.send({"action": change.action, "bars": symbols, "updatedBars": symbols})
            return await asyncio.wait_for(self._reply, self._answer_seconds)
        except TimeoutError:
            raise EOFError(f"no answer to {change.action} of {len(symbols)} symbols") from None
        finally:
            self._reply = None

    def _go_live(self) -> None:
        self.live_since = asyncio.get_running_loop().time()
        self._tell(Connected())
        for arrivals in self._held:
            self._tell(arrivals)
        self._held.clear()

    def _notice(self, message: str | None) -> None:
        if message:
            self._tell(Notice(message))
