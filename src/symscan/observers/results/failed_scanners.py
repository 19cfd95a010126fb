"""Refuse a result in which no hits mean nothing: a scanner failed at every scan."""

from __future__ import annotations

from pathlib import Path

from symscan.errors import RunError
from symscan.observers.results.summary import RunSummary
from symscan.runs.layout import SCANS


def check_scanners(summary: RunSummary, folder: Path) -> None:
    """Check that every scanner had a scan that did not fail.

    Raises
    ------
    RunError
        If a scanner failed at every scan of the run.
    """
    failed = [
        f"scanner '{name}' failed at each of its {figures.failed:,} scans"
        for name, figures in summary.scanners.items()
        if figures.has_always_failed
    ]
    if failed:
        raise RunError(f"{'; '.join(failed)}: 'error' in {folder / SCANS} says why")
