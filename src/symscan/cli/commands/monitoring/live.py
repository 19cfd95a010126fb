"""What runs beside a live session for people who do not look at its console: alerts, metrics, a dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from symscan.alerts.outbox import counts_in
from symscan.alerts.process import AlertSender
from symscan.alerts.targets import open_services
from symscan.cli.output.live_output import CONDITION_MARK, LiveConsole
from symscan.config import SessionConfig
from symscan.dashboard.process import DashboardProcess, check_installed
from symscan.observers.base import Observer
from symscan.observers.metrics.definitions import SessionMetricsSet
from symscan.observers.metrics.endpoint import AlertMetrics, MetricsAddress, served
from symscan.observers.metrics.session_metrics import SessionMetrics
from symscan.recording import OUTBOX_NAME, RECORD_NAME


@dataclass(slots=True)
class Monitoring:
    """What a live session is given beside its console.

    Attributes
    ----------
    sends
        Whether its alerts are sent.
    metrics
        Its metrics; None where they are not served.
    meter
        Keeps the metrics; it is given every event and each step.
    dashboard
        The bar store of the dashboard beside it; None where none is started.
    """

    sends: bool = False
    metrics: SessionMetricsSet | None = None
    meter: SessionMetrics | None = None
    dashboard: Path | None = None

    @property
    def observers(self) -> list[Observer]:
        """Who gets every event."""
        return [] if self.meter is None else [self.meter]

    @contextmanager
    def announcers(self, folder: Path, console: LiveConsole) -> Iterator[list[Observer]]:
        """Yield who gets new events, once the folder of the session is known; they end with it."""
        if self.metrics is not None:
            self.metrics.record_bytes.set_function(lambda: _size(folder / RECORD_NAME))
            self.metrics.registry.register(AlertMetrics(lambda: counts_in(folder / OUTBOX_NAME)))
        with ExitStack() as stack:
            announcers: list[Observer] = []
            if self.sends:
                sender = AlertSender(folder, lambda line: console.message(f"{CONDITION_MARK}{line}"))
                announcers.append(stack.enter_context(closing(sender)))
            if self.dashboard is not None:
                shown = DashboardProcess(folder, self.dashboard)
                announcers.append(stack.enter_context(closing(shown)))
            yield announcers


@contextmanager
def monitoring(
    config: SessionConfig,
    feed: str,
    console: LiveConsole,
    *,
    alerts: bool,
    address: str | None,
    dashboard: Path | None,
) -> Iterator[Monitoring]:
    """Check what a live session is to send and to serve, and serve its metrics until the context ends.

    Parameters
    ----------
    feed
        Where its bars come from.
    alerts
        Whether alerts are sent, if the configuration has any.
    address
        Where metrics are served; None: nowhere.
    dashboard
        The bar store of the dashboard that is started beside the session; None: none is.

    Raises
    ------
    InputError
        If the address of a target is missing, metrics cannot be served there, or an extra is not installed.
    """
    sends = alerts and bool(config.alerts.rules)
    if sends:
        open_services(config)  # while somebody is there to mend what is missing
    if dashboard is not None:
        check_installed()
    if address is None:
        yield Monitoring(sends, dashboard=dashboard)
        return
    metrics = SessionMetricsSet(config.name, "live", config.exchange, feed)
    with served(metrics, MetricsAddress.parse(address)) as where:
        console.message(f"metrics are served at http://{where}/metrics")
        yield Monitoring(sends, metrics, SessionMetrics(metrics), dashboard)


def _size(path: Path) -> float:
    try:
        return float(path.stat().st_size)
    except OSError:
        return 0.0
