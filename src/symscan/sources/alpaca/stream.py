"""The stream in a thread of its own: connected, and connected again whenever that breaks."""

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
from symscan.sources.alpaca.protocol import StreamProtocol, Tell
from symscan.sources.alpaca.subscriptions import Subscriptions
from symscan.sources.ports import Connected, Delivery, Disconnected

_CLOSING_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class StreamTimeouts:
    """How long the stream is waited for.

    Attributes
    ----------
    answer_seconds
        For an answer: to connecting, to authentication, to a subscription.
    open_seconds
        For the first connection, however often it fails: a former self that was killed may still hold it.
    crowded_seconds
        For the account's only connection to come free, once it had been ours.
    first_wait_seconds, longest_wait_seconds
        Between two tries.
    """

    answer_seconds: float = 10.0
    open_seconds: float = 20.0
    crowded_seconds: float = 90.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 10.0


class Stream:
    """One feed's stream.

    Parameters
    ----------
    keys, hosts, feed
        Who connects, where to, and to which feed.
    tell
        Takes deliveries in order, and the error that ended the stream for good; in the stream's thread.
    patience
        How long to wait.
    """

    def __init__(
        self, keys: AlpacaKeys, hosts: AlpacaHosts, feed: str, tell: Tell, patience: StreamTimeouts
    ) -> None:
        self._keys = keys
        self._hosts = hosts
        self._feed = feed
        self._forward = tell
        self._patience = patience
        self._subscriptions = Subscriptions()
        self._opened: Future[None] = Future()
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"alpaca:{feed}", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._changed: asyncio.Event
        self._work: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Connect; returns when the stream said yes.

        Raises
        ------
        FeedError
            If it did not, and why.
        """
        self._thread.start()
        longest = self._patience.open_seconds + 5.0 * self._patience.answer_seconds
        try:
            self._opened.result(longest)
        except TimeoutError:
            self.close()
            raise FeedError(Refusal("no answer in time").advice(self._feed)) from None

    def close(self) -> None:
        """End it; returns within a few seconds, whatever the other side does."""
        if not self._thread.is_alive():
            return
        self._is_running.wait(_CLOSING_SECONDS)
        if self._work is not None:
            with suppress(RuntimeError):  # the loop may end at the same time
                self._loop.call_soon_threadsafe(self._work.cancel)
        self._thread.join(_CLOSING_SECONDS)

    def want(self, symbols: Sequence[str]) -> None:
        """Subscribe these, too; does not wait."""
        self._subscriptions.want(symbols)
        self._nudge()

    def unwant(self, symbols: Sequence[str]) -> None:
        """Subscribe these no more; does not wait."""
        self._subscriptions.unwant(symbols)
        self._nudge()

    def _nudge(self) -> None:
        if self._is_running.is_set():
            with suppress(RuntimeError):  # the stream has ended
                self._loop.call_soon_threadsafe(self._changed.set)

    def _live(self) -> None:
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
            self._forward(error)
        else:
            self._opened.set_exception(error)

    def _tell(self, delivery: Delivery | FeedError) -> None:
        self._forward(delivery)
        if isinstance(delivery, Connected) and not self._opened.done():
            self._opened.set_result(None)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._work = asyncio.current_task()
        self._is_running.set()
        tries = _Tries(self._patience, self._loop.time())
        while True:
            refusal, live_since = await self._attempt()
            now = self._loop.time()
            if live_since is not None:
                tries.was_live(now - live_since)
                self._tell(Disconnected(self._keys.redact(str(refusal))))
            wait = tries.wait_after(refusal, now)
            if wait is None:
                raise FeedError(self._keys.redact(refusal.advice(self._feed)))
            await asyncio.sleep(wait)

    async def _attempt(self) -> tuple[Refusal, float | None]:
        """One connection from beginning to end: why it ended, and since when it had been live."""
        seconds = self._patience.answer_seconds
        connection = Connection(self._keys, self._hosts, self._feed, seconds)
        talk = StreamProtocol(connection, self._subscriptions, self._changed, self._tell, seconds)
        try:
            await connection.start()
            return Refusal(await talk.run()), talk.live_since
        except Refusal as refusal:
            return refusal, talk.live_since
        finally:
            await connection.hang_up()


class _Tries:
    """Whether another try makes sense, and when."""

    def __init__(self, patience: StreamTimeouts, now: float) -> None:
        self._patience = patience
        self._deadline: float | None = now + patience.open_seconds
        self._failures = 0
        self._crowded_since: float | None = None

    def was_live(self, seconds: float) -> None:
        """A try was a success, for so long."""
        self._deadline = None
        self._crowded_since = None
        if seconds > self._patience.longest_wait_seconds:
            self._failures = 0

    def wait_after(self, refusal: Refusal, now: float) -> float | None:
        """Seconds until the next try; None if there is to be none."""
        if refusal.is_crowded and self._crowded_since is None:
            self._crowded_since = now
        self._failures += 1
        patience = self._patience
        wait = reconnect_delay(self._failures, patience.first_wait_seconds, patience.longest_wait_seconds)
        is_over = self._deadline is not None and now + wait > self._deadline
        if refusal.is_crowded and self._crowded_since is not None:
            is_over = is_over or now + wait > self._crowded_since + patience.crowded_seconds
        return None if refusal.is_final or is_over else wait
