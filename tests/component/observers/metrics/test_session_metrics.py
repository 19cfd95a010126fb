"""Metrics over events and steps, against what these say in numbers; the names are a format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, make_block
from support.run_events import AT, SESSION, hits, scan
from symscan.model.bar import BarSlice, LateKind
from symscan.model.events.feed import (
    BarsCorrected,
    FeedConnected,
    FeedLost,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import (
    Event,
    Outcome,
    SessionActivated,
    SessionClosed,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.observers.metrics.definitions import SessionMetricsSet
from symscan.observers.metrics.session_metrics import SessionMetrics

pytest.importorskip("prometheus_client")

OPS = Path(__file__).parents[4] / "ops"
NAMES = """
alert_queue_length alerts_total bars_total build_info clock_offset_seconds conditions_total feed_connected
feed_reconnects_total first_hits_total hits_total lag_seconds last_bar_timestamp_seconds
last_slice_timestamp_seconds left_out_symbols locked_symbols members present_symbols record_bytes
record_commit_seconds scan_delay_seconds scan_duration_seconds scans_total session_info session_state
slice_close_delay_seconds step_duration_seconds subscribed_symbols universe_symbols unknown_symbols
"""
OF_ALERTS = {"symscan_alerts_total", "symscan_alert_queue_length"}  # which are read at each scrape


class Bench:
    """A session's metrics, and what they say."""

    def __init__(self) -> None:
        self.set = SessionMetricsSet("mine", "live", "NYSE", "replay")
        self.meter = SessionMetrics(self.set)

    def observe(self, *events: Event) -> None:
        for event in events:
            self.meter.observe(SESSION, event)

    def value(self, name: str, **labels: str) -> float | None:
        return self.set.registry.get_sample_value(f"symscan_{name}", labels)

    def names(self) -> set[str]:
        found = set()
        for family in self.set.registry.collect():
            suffix = "_total" if family.type == "counter" else ""
            found.add(f"{family.name}{suffix}")
        return {name for name in found if name.startswith("symscan_")}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_scans_are_counted_by_how_they_ended(bench: Bench) -> None:
    bench.observe(
        scan(5, hits("A", "B"), decided_at=AT + 5 * MINUTE + 2_000_000, execution_time_ms=30.0),
        scan(10, hits("B", new=False)),
        scan(15, outcome=Outcome.FAILED, error="no"),
    )

    assert bench.value("scans_total", scanner="gap", outcome="ok") == 2
    assert bench.value("scans_total", scanner="gap", outcome="failed") == 1
    assert bench.value("hits_total", scanner="gap") == 3
    assert bench.value("first_hits_total", scanner="gap") == 2
    assert bench.value("present_symbols", scanner="gap") == 1
    assert bench.value("unknown_symbols", scanner="gap") == 2
    assert bench.value("universe_symbols", scanner="gap") == 5
    assert bench.value("scan_delay_seconds_sum", scanner="gap") == 2.0
    assert bench.value("scan_duration_seconds_bucket", scanner="gap", le="0.05") == 3
    assert bench.value("scan_duration_seconds_bucket", scanner="gap", le="0.01") == 2
    assert bench.value("conditions_total", condition="scan_failed") == 1


def test_the_feed_is_connected_or_not(bench: Bench) -> None:
    bench.observe(FeedConnected(AT, "replay"))
    assert (bench.value("feed_connected"), bench.value("feed_reconnects_total")) == (1, 0)
    bench.observe(FeedLost(AT, "gone"))
    assert bench.value("feed_connected") == 0
    bench.observe(
        FeedConnected(AT, "replay"),
        SubscriptionLimited(AT, 2, ("C", "D", "E")),
        Readiness(AT, True, 5, 4, -250.0),
        BarsCorrected(AT, AT, ("A", "B"), LateKind.LATE, AT),
    )
    assert (bench.value("feed_connected"), bench.value("feed_reconnects_total")) == (1, 1)
    assert bench.value("left_out_symbols") == 3
    assert bench.value("clock_offset_seconds") == -0.25
    assert bench.value("bars_total", kind="late") == 2
    assert bench.value("conditions_total", condition="feed_lost") == 1


def test_bars_and_delays_are_those_of_slices(bench: Bench) -> None:
    end = AT + 7 * MINUTE
    block = make_block(end, 1.0, None, 3.0)

    bench.meter.begin_step(BarSlice(end, block, lag=3_000_000, at=end + 1_500_000))
    bench.meter.end_step()
    bench.meter.begin_step(BarSlice(end + MINUTE, make_block(end + MINUTE, None, None), at=end + MINUTE))
    bench.meter.end_step()

    assert bench.value("bars_total", kind="on_time") == 2
    assert bench.value("last_bar_timestamp_seconds") == end / 1e6
    assert bench.value("last_slice_timestamp_seconds") == (end + MINUTE) / 1e6
    assert bench.value("slice_close_delay_seconds_sum") == 1.5
    assert bench.value("lag_seconds") == 0.0
    assert bench.value("step_duration_seconds_count") == 2
    bench.meter.begin_step(BarSlice(end, block, is_recovered=True))
    assert bench.value("bars_total", kind="recovered") == 2
    assert bench.value("session_state", state="catching_up") == 1


def test_the_session_is_in_one_state(bench: Bench) -> None:
    def state() -> list[str]:
        states = ("waiting", "catching_up", "open", "closed")
        return [one for one in states if bench.value("session_state", state=one) == 1]

    assert state() == ["waiting"]
    bench.observe(SessionActivated(AT, ()))
    assert state() == ["open"]
    bench.meter.begin_step(BarSlice(AT, None, is_recovered=True))
    assert state() == ["catching_up"]
    bench.meter.begin_step(BarSlice(AT, None))
    assert state() == ["open"]
    bench.observe(SessionClosed(AT, SESSION.date, ()))
    assert state() == ["closed"]


def test_members_and_locks_are_those_there_are(bench: Bench) -> None:
    bench.observe(SymbolAdded(AT, "A", "config", AT), SymbolAdded(AT, "B", "scanner:gap", AT))
    bench.observe(SymbolLocked(AT, "A", "one", "x"), SymbolLocked(AT, "A", "one", "y"))
    assert (bench.value("members"), bench.value("locked_symbols")) == (2, 1)
    bench.observe(SymbolUnlocked(AT, "A", "one", "x"))
    assert bench.value("locked_symbols") == 1
    bench.observe(SymbolUnlocked(AT, "A", "one", None), SymbolsRemoved(AT, ("A",), "config"))
    assert (bench.value("members"), bench.value("locked_symbols")) == (1, 0)


def test_storing_and_subscribing_are_measured(bench: Bench) -> None:
    bench.meter.commit_finished(0.02)
    bench.meter.subscription_changed(284)

    assert bench.value("record_commit_seconds_sum") == 0.02
    assert bench.value("subscribed_symbols") == 284


def test_the_names_are_a_format_and_no_symbol_is_a_label(bench: Bench) -> None:
    symbols = [f"S{number}" for number in range(50)]
    bench.observe(scan(5, hits(*symbols)), *(SymbolAdded(AT, one, "config", AT) for one in symbols))

    assert bench.names() | OF_ALERTS == {f"symscan_{name}" for name in NAMES.split()}
    families = [one for one in bench.set.registry.collect() if one.name.startswith("symscan")]
    samples = [one for family in families for one in family.samples if not one.name.endswith("_created")]
    assert not any(value in symbols for sample in samples for value in sample.labels.values())
    assert len([one for one in samples if "scanner" not in one.labels and "le" not in one.labels]) < 40
    assert len([one for one in samples if one.labels.get("scanner") == "gap"]) < 30


def _expressions(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [one for key, one in value.items() if key in ("expr", "query") and isinstance(one, str)]
        return own + [text for one in value.values() for text in _expressions(one)]
    return [text for one in value for text in _expressions(one)] if isinstance(value, list) else []


@pytest.mark.parametrize("file", ["grafana/symscan.json", "prometheus/rules.yml"])
def test_what_dashboard_and_rules_read_is_there(bench: Bench, file: str) -> None:
    text = (OPS / file).read_text(encoding="utf-8")
    if file.endswith(".json"):
        text = "\n".join(_expressions(json.loads(text)))
    read = set(re.findall(r"symscan_[a-z_]+", text))
    known = bench.names() | OF_ALERTS
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "count", "sum")}

    assert len(read) >= 9
    assert read - known == set()


def test_the_dashboard_can_be_imported_anywhere() -> None:
    board = json.loads((OPS / "grafana/symscan.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]

    assert (board["uid"], board["schemaVersion"] >= 39) == ("symscan-session", True)
    assert [one["title"] for one in board["panels"] if one["type"] == "row"] == [
        "Health",
        "Scans",
        "Feed",
        "Data quality",
        "Alerts",
    ]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${DS_PROMETHEUS}"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    places = np.array([[panel["gridPos"][key] for key in "xywh"] for panel in board["panels"]])
    assert (places[:, 0] + places[:, 2]).max() <= 24
