"""The scanners of the live benchmarks, all due every minute: one in code, two of ours, one expression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_EVERY_MINUTE = [{"start": "09:31", "end": "15:59", "interval": "1m"}]

SCANNERS: list[dict[str, Any]] = [
    {"name": "job", "module": "job"},
    {
        "name": "gap",
        "module": "scanners.gap_scanner",
        "config": {"min_gap_percent": 1.0, "min_volume": 1000},
    },
    {"name": "momentum", "module": "scanners.momentum", "config": {"min_rsi": 65, "min_volume_ratio": 1.0}},
    {
        "name": "strong",
        "universe": "./market.txt",
        "where": "close > vwap AND change_pct > 0.2 AND rsi_14_5m > 55",
        "rank": "change_pct",
        "take": 50,
    },
]
NAMES = tuple(scanner["name"] for scanner in SCANNERS)


def write_project(
    folder: Path, name: str, symbols: tuple[str, ...], more: Sequence[dict[str, Any]] = ()
) -> Path:
    """A universe, a configuration of the usual scanners and some more, and the code of those in code."""
    here = Path(__file__).parent
    (folder / "market.txt").write_text("\n".join(symbols) + "\n")
    for module in ("job", "trouble"):
        (folder / f"{module}.py").write_text((here / f"{module}.py").read_text())
    path = folder / f"{name}.json"
    scanners = [_scheduled(scanner) for scanner in [*SCANNERS, *more]]
    path.write_text(json.dumps({"mode": "live", "session_data_config": {"scanners": scanners}}, indent=2))
    return path


def _scheduled(scanner: dict[str, Any]) -> dict[str, Any]:
    scheduled = {"regular_session": _EVERY_MINUTE, "add_symbols": False, **scanner}
    if "where" not in scanner:
        scheduled["config"] = {"universe": "./market.txt", **scanner.get("config", {})}
    return scheduled
