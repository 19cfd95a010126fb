"""Streams of a live session to tabs: server-sent events, each with an id to go on after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from anyio import Event, sleep
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from symscan.dashboard.columns import as_json
from symscan.dashboard.live_record import POLL_SECONDS, LiveRecord, id_of, key_of
from symscan.dashboard.opened_runs import OpenedRuns
from symscan.dashboard.security import refuse

_MOST_TABS: Final = 64
_MOST_AT_ONCE: Final = 200
_RETRY_MILLISECONDS: Final = 1000
_PING_SECONDS: Final = 15
_GRACE_SECONDS: Final = 0.5
_SEND_SECONDS: Final = 5.0
"""A tab that takes nothing for so long is dropped; it comes back by itself, after its last event."""


class _Stream(EventSourceResponse):
    """A stream whose end is no fault where its tab takes nothing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until the tab goes, or takes none."""
        try:
            await super().__call__(scope, receive, send)
        except* SendTimeoutError:
            pass  # it comes back when it is awake


class LiveStreams:
    """The streams of the sessions in a folder.

    Parameters
    ----------
    folder
        Holds the sessions.
    """

    def __init__(self, folder: OpenedRuns) -> None:
        self._folder = folder
        self._records: dict[str, LiveRecord] = {}
        self._tabs = 0

    def record(self, name: str) -> LiveRecord:
        """Return the record of a session; one that was replaced, or had ended and goes on, is read anew.

        Raises
        ------
        InputError
            If there is no such session, or it has no record.
        """
        path = self._folder.record(name)
        known = self._records.get(name)
        if known is None or known.is_over:
            known = self._records[name] = LiveRecord(path)
        return known

    def response(self, record: LiveRecord, after: str | None) -> Response:
        """Return the stream of a session after an event; it begins with all before where none is named."""
        if self._tabs >= _MOST_TABS:
            return refuse(503, f"{_MOST_TABS} tabs are following sessions already", "close some")
        shutdown = Event()
        return _Stream(
            self._events(record, after, shutdown),
            ping=_PING_SECONDS,
            send_timeout=_SEND_SECONDS,
            shutdown_event=shutdown,
            shutdown_grace_period=_GRACE_SECONDS,
        )

    async def _events(
        self, record: LiveRecord, after: str | None, shutdown: Event
    ) -> AsyncIterator[ServerSentEvent]:
        self._tabs += 1
        try:
            hello = as_json({"record": record.identity}).decode()
            yield ServerSentEvent(hello, event="hello", retry=_RETRY_MILLISECONDS)
            key, has_zone = key_of(after), False
            while not shutdown.is_set():
                is_over = record.is_over  # before its messages: the last ones are not to be missed
                batch = record.messages_after(key, _MOST_AT_ONCE)
                if batch and not has_zone:
                    has_zone = True
                    yield ServerSentEvent(as_json({"zone": record.zone}).decode(), event="zone")
                if batch:
                    key = batch[-1][0]
                    text = b"[" + b",".join(text for _, text in batch) + b"]"
                    yield ServerSentEvent(text.decode(), event="events", id=id_of(key))
                elif is_over:
                    yield ServerSentEvent(as_json({"fault": record.fault}).decode(), event="end")
                    return
                else:
                    await sleep(POLL_SECONDS)
        finally:
            self._tabs -= 1
