"""What a session measures is what its files say; every metric that dashboard and rules read has a value."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from support.live_replay import play_live
from support.projects import HALF_DAY, PROJECTS
from symscan.observers.metrics.definitions import SessionMetricsSet
from symscan.observers.metrics.session_metrics import SessionMetrics

pytest.importorskip("prometheus_client")

OPS = Path(__file__).parents[2] / "ops"
ELSEWHERE = {"symscan_alerts_total", "symscan_alert_queue_length", "symscan_record_bytes"}
FAULTS = "late=0.05:90s,correct=0.02:30s,disconnect=10:02-10:07,seed=3"


@pytest.mark.slow
def test_metrics_are_what_the_files_say(tmp_path: Path, store: Path) -> None:
    from prometheus_client import generate_latest

    metrics = SessionMetricsSet("mine", "live", "NYSE", "replay")
    config = PROJECTS[min(PROJECTS)].at(tmp_path)
    live = play_live(tmp_path, config, store, HALF_DAY, FAULTS, meter=SessionMetrics(metrics))
    value = metrics.registry.get_sample_value

    folder = tmp_path / "live"
    scans = pl.read_csv(folder / "scans.csv")
    for scanner, outcome, count in scans.group_by("scanner", "outcome").len().iter_rows():
        assert value("symscan_scans_total", {"scanner": scanner, "outcome": outcome}) == count
    ok = scans.filter(pl.col("outcome") == "ok")
    for scanner, found, new in ok.group_by("scanner").agg(pl.sum("found", "new")).iter_rows():
        assert value("symscan_hits_total", {"scanner": scanner}) == found
        assert value("symscan_first_hits_total", {"scanner": scanner}) == new
    for row in ok.group_by("scanner", maintain_order=True).last().iter_rows(named=True):
        assert value("symscan_unknown_symbols", {"scanner": row["scanner"]}) == row["unknown"]
        assert value("symscan_present_symbols", {"scanner": row["scanner"]}) == row["found"]
    with closing(sqlite3.connect(folder / "session.sqlite")) as record:
        (slices,) = record.execute("SELECT count(*) FROM steps WHERE kind = 'slice'").fetchone()
        (events,) = record.execute("SELECT count(*) FROM events WHERE kind = 'feed_lost'").fetchone()
    recovered = value("symscan_slice_close_delay_seconds_count") or 0
    assert 0 < recovered <= slices
    assert value("symscan_step_duration_seconds_count") >= slices  # type: ignore[operator]
    assert value("symscan_conditions_total", {"condition": "feed_lost"}) == events == 1
    assert value("symscan_feed_reconnects_total") == 1
    assert value("symscan_members") == len(live.coordinator.session_data.holders.members())
    assert value("symscan_session_state", {"state": "closed"}) == 1

    scraped = generate_latest(metrics.registry).decode()
    files = ("grafana/symscan.json", "prometheus/rules.yml")
    read = {name for file in files for name in re.findall(r"symscan_[a-z_]+", (OPS / file).read_text())}
    assert {
        name for name in read - ELSEWHERE if not re.search(rf"^{name}[{{ ]", scraped, re.MULTILINE)
    } == set()
