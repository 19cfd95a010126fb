"""Write the metrics of a run that is over, for a collector that reads text files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from symscan.errors import InputError
from symscan.observers.metrics.definitions import ScanMetrics, client
from symscan.runs.reading import RunFiles


def write_run_metrics(path: Path, run: RunFiles) -> None:
    """Write the metrics of a run's scans: all at once, so that nobody reads half of them.

    Parameters
    ----------
    path
        The file, of a name that ends in ``.prom``.

    Raises
    ------
    InputError
        If it cannot be written, or the library is not installed.
    """
    facts = run.summary
    metrics = ScanMetrics(str(facts.get("name", "")), run.mode, str(facts.get("exchange", "")), "store")
    fill_metrics(metrics, run.read("scans"))
    try:
        client().write_to_textfile(str(path), metrics.registry)
    except OSError as error:
        raise InputError(f"--metrics-file {path}: {error.strerror or error}") from None


def check_metrics_file(path: Path) -> None:
    """Check, before a run, that its metrics can be written.

    Raises
    ------
    InputError
        If the library is not installed, or there is no such folder.
    """
    client()
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise InputError(f"--metrics-file {path}: give a file in a folder that is there")


def fill_metrics(metrics: ScanMetrics, scans: pl.DataFrame) -> None:
    """Count the rows of a run's table of scans."""
    for scanner, outcome, count in scans.group_by("scanner", "outcome").len().sort("scanner").iter_rows():
        metrics.scans.labels(scanner, outcome).inc(count)
    for scanner, milliseconds in scans.select("scanner", "execution_time_ms").iter_rows():
        metrics.scan_duration.labels(scanner).observe(milliseconds / 1000.0)
    ok = scans.filter(pl.col("outcome") == "ok")
    for scanner, found, new in ok.group_by("scanner").agg(pl.sum("found", "new")).sort("scanner").iter_rows():
        metrics.hits.labels(scanner).inc(found)
        metrics.first_hits.labels(scanner).inc(new)
    for row in ok.group_by("scanner", maintain_order=True).last().iter_rows(named=True):
        metrics.present.labels(row["scanner"]).set(row["found"])
        metrics.universe.labels(row["scanner"]).set(row["universe"])
        metrics.unknown.labels(row["scanner"]).set(row["unknown"])
