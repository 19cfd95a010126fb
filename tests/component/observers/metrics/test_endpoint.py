"""Metrics as they are scraped, and the rules over them."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from support.run_events import SESSION, hits, scan
from symscan.errors import InputError
from symscan.observers.metrics.definitions import SessionMetricsSet
from symscan.observers.metrics.endpoint import AlertMetrics, MetricsAddress, served
from symscan.observers.metrics.session_metrics import SessionMetrics

pytest.importorskip("prometheus_client")

RULES = Path(__file__).parents[4] / "ops" / "prometheus"


@pytest.fixture
def metrics() -> SessionMetricsSet:
    metrics = SessionMetricsSet("mine", "live", "NYSE", "replay")
    SessionMetrics(metrics).observe(SESSION, scan(5, hits("A", "B")))
    return metrics


@pytest.fixture
def promtool() -> Iterator[str]:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    yield found


def _scraped(address: MetricsAddress) -> str:
    with urlopen(f"http://{address}/metrics") as answer:
        return str(answer.read().decode())


def test_a_scrape_has_what_was_counted(metrics: SessionMetricsSet) -> None:
    counts = [("phone", "sent", 3), ("phone", "queued", 2), ("phone", "perhaps sent", 1)]
    metrics.registry.register(AlertMetrics(lambda: counts))

    with served(metrics, MetricsAddress(port=0)) as address:
        text = _scraped(address)

    assert 'symscan_hits_total{scanner="gap"} 2.0' in text
    assert 'symscan_session_info{exchange="NYSE",feed="replay",mode="live",name="mine"} 1.0' in text
    assert 'symscan_alerts_total{result="sent",target="phone"} 3.0' in text
    assert 'symscan_alerts_total{result="perhaps_sent",target="phone"} 1.0' in text
    assert 'symscan_alert_queue_length{target="phone"} 2.0' in text
    assert "process_resident_memory_bytes" in text


def test_an_outbox_that_cannot_be_read_leaves_the_rest(metrics: SessionMetricsSet) -> None:
    def unreadable() -> list[tuple[str, str, int]]:
        raise InputError("it is locked")

    metrics.registry.register(AlertMetrics(unreadable))
    with served(metrics, MetricsAddress(port=0)) as address:
        assert 'symscan_hits_total{scanner="gap"} 2.0' in _scraped(address)


def test_a_port_that_is_used_is_said(metrics: SessionMetricsSet) -> None:
    with socket.create_server(("localhost", 0)) as other:
        address = MetricsAddress(port=other.getsockname()[1])
        with (
            pytest.raises(InputError, match=f"--metrics {address}: .*give another port"),
            served(metrics, address),
        ):
            pass


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", MetricsAddress("localhost", 9464)),
        ("localhost:80", MetricsAddress("localhost", 80)),
        ("[::1]:9464", MetricsAddress("::1", 9464)),
        ("0.0.0.0:9464", MetricsAddress("0.0.0.0", 9464)),
    ],
)
def test_an_address_is_a_port_and_maybe_a_host(text: str, address: MetricsAddress) -> None:
    assert MetricsAddress.parse(text) == address


@pytest.mark.parametrize("text", ["", "localhost", "99999", "a b:9", "http://localhost:9464", ":9464"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no address; write it as 9464 or localhost:9464"):
        MetricsAddress.parse(text)


@pytest.mark.slow
@pytest.mark.parametrize("command", [["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]])
def test_the_rules_fire_when_they_should(promtool: str, command: list[str]) -> None:
    done = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_promtool_finds_nothing_wrong_with_a_scrape(promtool: str, metrics: SessionMetricsSet) -> None:
    with served(metrics, MetricsAddress(port=0)) as address:
        text = _scraped(address)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
