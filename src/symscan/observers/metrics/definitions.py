"""The metrics of a session: their names, labels and buckets.

A name is a format, as a column of a file is. No metric has a symbol as label: there would be thousands.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING, Any, Final

from symscan.errors import InputError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STATES: Final = ("waiting", "catching_up", "open", "closed")
"""What a session may be in: before its open, going through what it missed, at work, over."""

_MISSING: Final = "metrics need prometheus-client; install it: pip install 'symscan[metrics]'"
_SCANS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
_SCAN_DELAYS: Final = (0.1, 0.5, 1.0, 5.0, 30.0)
_CLOSE_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_STEPS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


def client() -> Any:
    """Return the library.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module("prometheus_client")
    except ImportError:
        raise InputError(_MISSING) from None


class ScanMetrics:
    """The metrics of scans, in a registry of their own.

    Parameters
    ----------
    name, mode, exchange, feed
        What the session, or the run, is of.
    """

    def __init__(self, name: str, mode: str, exchange: str, feed: str) -> None:
        library = client()
        self.registry: CollectorRegistry = library.CollectorRegistry()
        self._library = library
        library.disable_created_metrics()  # a series more for each, which says when counting began
        self._info("build", "The version of symscan.", version=version("symscan"), python=python_version())
        self._info("session", "What the session is of.", name=name, mode=mode, exchange=exchange, feed=feed)
        self._define_scans()

    def _define_scans(self) -> None:
        of = ("scanner",)
        self.scans = self._counter("scans", "Scans that were due, by how they ended.", *of, "outcome")
        self.scan_duration = self._histogram("scan_duration_seconds", "How long a scan took.", _SCANS, *of)
        self.scan_delay = self._histogram(
            "scan_delay_seconds",
            "From the instant a scan was due until its result counted.",
            _SCAN_DELAYS,
            *of,
        )
        self.hits = self._counter("hits", "Symbols that scans returned.", *of)
        self.first_hits = self._counter("first_hits", "Symbols returned for the first time.", *of)
        self.present = self._gauge("present_symbols", "Symbols on the list of a scanner.", *of)
        self.universe = self._gauge("universe_symbols", "Symbols a scanner judges.", *of)
        self.unknown = self._gauge("unknown_symbols", "Symbols the last scan could not judge.", *of)

    def _info(self, what: str, about: str, **labels: str) -> None:
        self._gauge(f"{what}_info", about, *labels).labels(**labels).set(1)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        made: Counter = self._library.Counter(f"symscan_{name}_total", about, labels, registry=self.registry)
        return made

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        made: Gauge = self._library.Gauge(f"symscan_{name}", about, labels, registry=self.registry)
        return made

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        made: Histogram = self._library.Histogram(
            f"symscan_{name}", about, labels, registry=self.registry, buckets=buckets
        )
        return made


class SessionMetricsSet(ScanMetrics):
    """The metrics of one live session: its scans, its bars, its feed, its process."""

    def __init__(self, name: str, mode: str, exchange: str, feed: str) -> None:
        super().__init__(name, mode, exchange, feed)
        self._library.ProcessCollector(registry=self.registry)
        self._library.GCCollector(registry=self.registry)
        self._define_bars()
        self._define_session()

    def _define_bars(self) -> None:
        self.bars = self._counter("bars", "Bars that came in, by when.", "kind")
        self.close_delay = self._histogram(
            "slice_close_delay_seconds", "From the end of a minute until its bars were given.", _CLOSE_DELAYS
        )
        self.last_bar = self._gauge("last_bar_timestamp_seconds", "The end of the last minute with a bar.")
        self.last_slice = self._gauge("last_slice_timestamp_seconds", "The end of the last minute.")
        self.lag = self._gauge("lag_seconds", "How far the session is behind its feed.")
        self.clock_offset = self._gauge("clock_offset_seconds", "This computer's clock minus the market's.")
        self.feed_connected = self._gauge("feed_connected", "Whether the feed delivers.")
        self.reconnects = self._counter("feed_reconnects", "How often the feed came back.")
        self.subscribed = self._gauge("subscribed_symbols", "Symbols whose bars are subscribed.")
        self.left_out = self._gauge("left_out_symbols", "Symbols without a place in the subscription.")

    def _define_session(self) -> None:
        self.state = self._gauge("session_state", "1 for the state the session is in.", "state")
        self.step_duration = self._histogram("step_duration_seconds", "How long a step took.", _STEPS)
        self.commit = self._histogram("record_commit_seconds", "How long storing a step took.", _STEPS)
        self.record_bytes = self._gauge("record_bytes", "The size of the session's record.")
        self.conditions = self._counter("conditions", "Conditions that began or ended.", "condition")
        self.members = self._gauge("members", "Symbols that are members.")
        self.locked = self._gauge("locked_symbols", "Symbols that are locked.")
