"""A service on this computer that takes messages, refuses them, stalls, or dies in the middle."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.waiting import LIMIT


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as it arrived."""

    title: str
    text: str
    path: str


@dataclass
class AlertServer:
    """What the service was sent.

    Attributes
    ----------
    released
        Ends the waiting of requests that stall.
    """

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def url(self, how: str = "200", more: str = "") -> str:
        """Where it answers so: an HTTP status, ``stall``, ``die`` or ``half``; behind a secret."""
        return f"json://hushuser:hushword@localhost:{self.port}/{how}/hushpath{more}"

    def add(self, taken: Taken) -> None:
        with self.arrived:
            self.taken.append(taken)
            self.arrived.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.taken) >= count, LIMIT)
        assert came, self.taken


@contextmanager
def alert_server() -> Iterator[AlertServer]:
    """Serve until the context ends."""
    state = AlertServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body: Any = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.add(Taken(body["title"], body["message"], self.path))
            how = self.path.split("/")[1]
            if how == "die":
                return
            if how == "stall":
                state.released.wait(LIMIT)
                return
            self.send_response(200 if how == "half" else int(how))
            if how == "429":
                self.send_header("Retry-After", "7")
            if how == "half":
                self.send_header("Content-Length", "100")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join(LIMIT)
