"""The benchmark's job as a user of symscan would write it: a scanner in code over columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from symscan.scanners.base import BaseScanner, ScanContext, ScanResult

EPS = 1e-9
INDICATORS = ("sma_20_5m", "ema_9_5m", "rsi_14_5m", "atr_14_5m", "sma_20_1d", "volume_sma_20_1d")


class Scanner(BaseScanner):
    """Strength above the day's mean price and the month's, on a third of a usual day's volume."""

    reads = ("close", "vwap", "volume", "rsi_14_5m", "sma_20_1d", "volume_sma_20_1d")

    def setup(self, context: ScanContext) -> bool:
        """Ask for every indicator of the job, also those that only the final values need."""
        self._universe = self._load_universe()
        self._names = np.array(self._universe, np.object_)
        for key in INDICATORS:
            context.session_data.add_indicator(self._universe, key)
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """The symbols that meet all four conditions; a comparison with the unknown is false."""
        column = context.session_data.column
        close = column("close")
        hit = column("rsi_14_5m") > 60 + EPS
        hit &= close > column("vwap") + EPS
        hit &= close > column("sma_20_1d") + EPS
        hit &= column("volume") / column("volume_sma_20_1d") > 0.3 + EPS
        return ScanResult(self._names[hit].tolist())


def write_project(folder: Path, symbols: tuple[str, ...]) -> Path:
    """A universe and a configuration that runs the job at every fifth minute; returns the configuration."""
    (folder / "market.txt").write_text("\n".join(symbols) + "\n")
    (folder / "job.py").write_text(Path(__file__).read_text())
    path = folder / "job.json"
    path.write_text(json.dumps(configuration(), indent=2))
    return path


def configuration() -> dict[str, Any]:
    """The job's configuration; it records only."""
    return {
        "session_data_config": {
            "scanners": [
                {
                    "name": "job",
                    "module": "job",
                    "config": {"universe": "./market.txt"},
                    "regular_session": [{"start": "09:35", "end": "16:00", "interval": "5m"}],
                    "add_symbols": False,
                }
            ]
        }
    }
