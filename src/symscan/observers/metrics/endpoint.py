"""Serve a session's metrics to whoever scrapes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from symscan.errors import InputError, SymscanError
from symscan.observers.metrics.definitions import SessionMetricsSet, client

DEFAULT_PORT: Final = 9464
_HOST: Final = "localhost"
_ADDRESS: Final = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]+):)?(?P<port>\d{1,5})")
_MOST_PORTS: Final = 65_535
_QUEUED: Final = "queued"

AlertCounts = Callable[[], Iterable[tuple[str, str, int]]]
"""Returns how many messages there are, by target and state."""


@dataclass(frozen=True, slots=True)
class MetricsAddress:
    """Where metrics are served: of this computer alone where nothing else is said."""

    host: str = _HOST
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, text: str) -> MetricsAddress:
        """Parse ``HOST:PORT`` or ``PORT``.

        Raises
        ------
        InputError
            If it is neither.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match["port"]) > _MOST_PORTS:
            example = f"{DEFAULT_PORT} or {_HOST}:{DEFAULT_PORT}"
            raise InputError(f"--metrics '{text}' is no address; write it as {example}")
        return cls((match["host"] or _HOST).strip("[]"), int(match["port"]))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def served(metrics: SessionMetricsSet, address: MetricsAddress) -> Iterator[MetricsAddress]:
    """Serve the metrics until the context ends, on a thread of the library's; yields the address.

    Raises
    ------
    InputError
        If nothing can be served there.
    """
    try:
        server, thread = client().start_http_server(address.port, address.host, metrics.registry)
    except OSError as error:
        raise InputError(
            f"--metrics {address}: {error.strerror or error}; give another port, or end what uses this one"
        ) from None
    try:
        yield MetricsAddress(address.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class AlertMetrics:
    """Reads what became of the session's alerts each time the metrics are scraped.

    Parameters
    ----------
    counts
        Counts the messages; called on the thread of a scrape.
    """

    def __init__(self, counts: AlertCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Any]:
        """Yield the metrics of alerts."""
        core: Any = import_module("prometheus_client.core")
        results = core.CounterMetricFamily(
            "symscan_alerts", "Messages to people, by what became of them.", labels=["target", "result"]
        )
        queue = core.GaugeMetricFamily(
            "symscan_alert_queue_length", "Messages that wait to be sent.", labels=["target"]
        )
        waiting: dict[str, int] = {}
        try:
            counts = list(self._counts())
        except SymscanError:  # the outbox cannot be read just now: all else is served
            counts = []
        for target, state, count in counts:
            waiting.setdefault(target, 0)
            if state == _QUEUED:
                waiting[target] += count
            else:
                results.add_metric([target, state.replace(" ", "_")], count)
        for target, count in waiting.items():
            queue.add_metric([target], count)
        yield results
        yield queue
