"""Run the stream in a thread of its own, and reconnect whenever the connection breaks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from alpaca.common.utils import reconnect_delay

from symscan.errors import FeedError
from symscan.sources.alpaca.connection import Connection
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.errors import Refusal
from symscan.sources.alpaca.protocol import DeliveryHandler, StreamProtocol
from symscan.sources.alpaca.subscriptions import Subscriptions
from symscan.sources.ports import Connected, Delivery, Disconnected

_CLOSING_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class StreamTimeouts:
    """Timeouts and retry delays of the stream.

    Attributes
    ----------
    answer_seconds
        For an answer to connecting, authentication or a subscription.
    open_seconds
        For the first connection, over all retries: a killed process may still hold the account's only one.
    connection_limit_seconds
        For the account's only connection to become free again, after the stream had it.
    first_wait_seconds, longest_wait_seconds
        Delay between two attempts.
    """

    answer_seconds: float = 10.0
    open_seconds: float = 20.0
    connection_limit_seconds: float = 90.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 10.0


class Stream:
    """The stream of one feed.

    Parameters
    ----------
    keys, hosts, feed
        Credentials, addresses, and the feed's name.
    publish
        Takes deliveries in order, and the error that ended the stream for good; in the stream's thread.
    timeouts
        Timeouts and retry delays.
    """

    def __init__(
        self,
        keys: AlpacaKeys,
        hosts: AlpacaHosts,
        feed: str,
        publish: DeliveryHandler,
        timeouts: StreamTimeouts,
    ) -> None:
        self._keys = keys
        self._hosts = hosts
        self._feed = feed
        self._publish = publish
        self._timeouts = timeouts
        self._subscriptions = Subscriptions()
        self._opened: Future[None] = Future()
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._run_thread, name=f"alpaca:{feed}", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._changed: asyncio.Event
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Connect; returns when the stream is authenticated and subscribed.

        Raises
        ------
        FeedError
            If it is refused.
        """
        self._thread.start()
        longest = self._timeouts.open_seconds + 5.0 * self._timeouts.answer_seconds
        try:
            self._opened.result(longest)
        except TimeoutError:
            self.close()
            raise FeedError(Refusal("no answer in time").advice(self._feed)) from None

    def close(self) -> None:
        """Close the stream; returns within a few seconds, also if the server does not answer."""
        if not self._thread.is_alive():
            return
        self._is_running.wait(_CLOSING_SECONDS)
        if self._task is not None:
            with suppress(RuntimeError):  # the loop may end at the same time
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(_CLOSING_SECONDS)

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Subscribe symbols; does not wait."""
        self._subscriptions.subscribe(symbols)
        self._notify()

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Unsubscribe symbols; does not wait."""
        self._subscriptions.unsubscribe(symbols)
        self._notify()

    def _notify(self) -> None:
        if self._is_running.is_set():
            with suppress(RuntimeError):  # the stream has ended
                self._loop.call_soon_threadsafe(self._changed.set)

    def _run_thread(self) -> None:
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:  # closed: nothing more comes
            if not self._opened.done():
                self._opened.set_exception(FeedError("the feed was closed while it was being opened"))
        except FeedError as error:
            self._fail(error)
        except Exception as error:  # a thread must not die in silence: the session would wait for ever
            reason = self._keys.redact(f"{type(error).__name__}: {error}")
            self._fail(FeedError(f"the feed's thread failed ({reason}); run again with --resume"))

    def _fail(self, error: FeedError) -> None:
        if self._opened.done():
            self._publish(error)
        else:
            self._opened.set_exception(error)

    def _deliver(self, delivery: Delivery | FeedError) -> None:
        self._publish(delivery)
        if isinstance(delivery, Connected) and not self._opened.done():
            self._opened.set_result(None)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._task = asyncio.current_task()
        self._is_running.set()
        retries = _RetryPolicy(self._timeouts, self._loop.time())
        while True:
            refusal, live_since = await self._attempt()
            now = self._loop.time()
            if live_since is not None:
                retries.record_connection(now - live_since)
                self._deliver(Disconnected(self._keys.redact(str(refusal))))
            wait = retries.delay_after(refusal, now)
            if wait is None:
                raise FeedError(self._keys.redact(refusal.advice(self._feed)))
            await asyncio.sleep(wait)

    async def _attempt(self) -> tuple[Refusal, float | None]:
        """Run one connection to its end; return why it ended, and since when it had been live."""
        seconds = self._timeouts.answer_seconds
        connection = Connection(self._keys, self._hosts, self._feed, seconds)
        protocol = StreamProtocol(connection, self._subscriptions, self._changed, self._deliver, seconds)
        try:
            await connection.start()
            return Refusal(await protocol.run()), protocol.live_since
        except Refusal as refusal:
            return refusal, protocol.live_since
        finally:
            await connection.disconnect()


class _RetryPolicy:
    """Decides whether and when to retry."""

    def __init__(self, timeouts: StreamTimeouts, now: float) -> None:
        self._timeouts = timeouts
        self._deadline: float | None = now + timeouts.open_seconds
        self._failures = 0
        self._limited_since: float | None = None

    def record_connection(self, seconds: float) -> None:
        """Record that a connection was live for so long."""
        self._deadline = None
        self._limited_since = None
        if seconds > self._timeouts.longest_wait_seconds:
            self._failures = 0

    def delay_after(self, refusal: Refusal, now: float) -> float | None:
        """Return the seconds until the next attempt; None to give up."""
        if refusal.is_connection_limit and self._limited_since is None:
            self._limited_since = now
        self._failures += 1
        timeouts = self._timeouts
        wait = reconnect_delay(self._failures, timeouts.first_wait_seconds, timeouts.longest_wait_seconds)
        is_over = self._deadline is not None and now + wait > self._deadline
        if refusal.is_connection_limit and self._limited_since is not None:
            is_over = is_over or now + wait > self._limited_since + timeouts.connection_limit_seconds
        return None if refusal.is_final or is_over else wait
