from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from symscan.errors import InputError
from symscan.observers.metrics.definitions import ScanMetrics
from symscan.observers.metrics.run_file import check_metrics_file, fill_metrics

pytest.importorskip("prometheus_client")


def test_the_metrics_of_a_run_are_those_of_its_table_of_scans() -> None:
    scans = pl.DataFrame(
        {
            "scanner": ["hot", "hot", "hot", "gap"],
            "outcome": ["ok", "ok", "failed", "ok"],
            "execution_time_ms": [2.0, 4.0, 700.0, 1.0],
            "found": [3, 5, 0, 1],
            "new": [3, 2, 0, 1],
            "universe": [10, 10, 10, 4],
            "unknown": [1, 2, 0, 0],
        }
    )
    metrics = ScanMetrics("mine", "backtest", "NYSE", "store")

    fill_metrics(metrics, scans)

    value = metrics.registry.get_sample_value
    assert value("symscan_scans_total", {"scanner": "hot", "outcome": "ok"}) == 2
    assert value("symscan_scans_total", {"scanner": "hot", "outcome": "failed"}) == 1
    assert value("symscan_scan_duration_seconds_sum", {"scanner": "hot"}) == pytest.approx(0.706)
    assert value("symscan_hits_total", {"scanner": "hot"}) == 8
    assert value("symscan_first_hits_total", {"scanner": "hot"}) == 5
    assert value("symscan_present_symbols", {"scanner": "hot"}) == 5
    assert value("symscan_unknown_symbols", {"scanner": "hot"}) == 2
    assert value("symscan_universe_symbols", {"scanner": "gap"}) == 4
    run = {"name": "mine", "mode": "backtest", "exchange": "NYSE", "feed": "store"}
    assert value("symscan_session_info", run) == 1
    assert value("process_cpu_seconds_total") is None  # which belongs to no run


def test_a_place_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    check_metrics_file(tmp_path / "run.prom")
    for path in (tmp_path, tmp_path / "none" / "run.prom"):
        with pytest.raises(InputError, match="a folder that is there"):
            check_metrics_file(path)
