"""The pages Runs, Config and About: which runs there are, in what two differ, what one was of."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import polars as pl

from symscan.dashboard.columns import by_columns
from symscan.dashboard.opened_runs import OpenedRun, OpenedRuns
from symscan.dashboard.parameters import Parameters
from symscan.dashboard.vendored import notices
from symscan.recording import RECORD_NAME
from symscan.runs.differences import compare_runs

_MOST_RUNS: Final = 500
_MOST_FACTS: Final = 500
_SECRET: Final = re.compile(r"(?i)(secret|token|password|passwd|api_?key|key_id|credential)")
_WITH_USER: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@\"]+@")
_HIDDEN: Final = "(hidden)"
_PACKAGES: Final = ("symscan", "polars", "numpy", "starlette", "uvicorn")


def runs(folder: OpenedRuns, asked: Parameters) -> dict[str, Any]:
    """Return the runs of the folder, those that are damaged too, with what is wrong."""
    asked.expect("offset", "limit")
    found = folder.listed()
    start = asked.whole("offset", 0, 1_000_000)
    page = found[start : start + asked.whole("limit", _MOST_RUNS, _MOST_RUNS)]
    return {
        "total": len(found),
        "runs": [
            {
                "name": name,
                "title": one.name,
                "status": one.status,
                "mode": one.mode,
                "start": one.start,
                "end": one.end,
                "sessions": one.sessions,
                "scanners": list(one.scanners),
                "hits": one.hits,
                "new": one.new,
                "run_id": one.run_id,
                "fault": one.fault,
                "has_record": (one.folder / RECORD_NAME).is_file(),
                "is_over": one.fault is None and one.status not in ("being written", "broken off"),
            }
            for name, one in page
        ],
    }


def compare(a: OpenedRun, b: OpenedRun) -> dict[str, Any]:
    """Return in what two runs differ."""
    record = compare_runs(a.run.files, b.run.files).as_record()
    facts = record["facts"]
    return {
        **record,
        "facts": _open_only(facts[:_MOST_FACTS]),
        "facts_left_out": max(len(facts) - _MOST_FACTS, 0),
    }


def config(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return what a run was of, without anything that reads like a secret."""
    asked.expect()
    described = opened.run.files.description
    if described is None:
        return {"described": False}
    facts, environment = described.facts, described.environment
    due = opened.run.scans.group_by("scanner", maintain_order=True).agg(
        pl.len().alias("scans"),
        pl.col("scan_at").dt.convert_time_zone(opened.zone.key).dt.to_string("%H:%M").min().alias("first"),
        pl.col("scan_at").dt.convert_time_zone(opened.zone.key).dt.to_string("%H:%M").max().alias("last"),
    )
    return {
        "described": True,
        "as_read": _text_without_secrets(str(facts.get("configuration", {}).get("as_read") or "")),
        "resolved": _open_only(facts.get("configuration", {}).get("resolved", {})),
        "universes": _open_only(facts.get("universes", {})),
        "modules": dict(facts.get("modules", {})),
        "schedule": by_columns(due),
        "versions": {name: environment.get(name) for name in ("symscan", "python", "numpy", "polars")},
        "run_id": opened.run.run_id,
        "store_origin": facts.get("store", {}).get("origin"),
    }


def about() -> dict[str, Any]:
    """Return versions and licences."""
    return {"versions": {name: _version(name) for name in _PACKAGES}, "notices": notices()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _text_without_secrets(text: str) -> str:
    """Return a configuration as read; where it holds what reads like a secret, laid out anew without it."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return _HIDDEN if _SECRET.search(text) else text
    open_only = _open_only(parsed)
    return text if open_only == parsed else json.dumps(open_only, indent=2, ensure_ascii=False)


def _open_only(value: Any, key: str = "") -> Any:
    """Return a value without texts whose key, or whose address, holds a secret."""
    if isinstance(value, dict):
        return {name: _open_only(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_open_only(one, key) for one in value]
    if isinstance(value, str):
        return _HIDDEN if value and _SECRET.search(key) else _WITH_USER.sub(rf"\1{_HIDDEN}@", value)
    return value
