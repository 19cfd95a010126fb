"""The store that a run was of: open it only if its bars are still those of the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from symscan.errors import DataError, InputError
from symscan.runs.description import RunDescription
from symscan.runs.reading import RunFiles
from symscan.runtime.building.build import CheckedConfig
from symscan.runtime.description import describe_store, describe_tables
from symscan.sources.store.bar_store import BarStore


def unchanged_store(run: RunFiles, path: Path | None) -> BarStore:
    """Open the store of a run; ``path`` is where it is now, None for where it was.

    Raises
    ------
    InputError
        If the run does not say where it was.
    DataError
        If there is no store, or a file of it has changed since; the error names it.
    """
    described = run.description
    if described is None:
        raise InputError(f"{run.folder}: a run of the old format does not say which bars it was of")
    store = BarStore(path or _place_of(run, described))
    before, now = described.facts.get("store") or {}, _now(store, described)
    if (changed := _first_change(before, now)) is not None:
        raise DataError(
            f"{store.root}: the store has changed since the run in {run.folder}: {changed}; "
            "run it anew, or give the store it was of"
        )
    return store


def check_tables(run: RunFiles, checked: CheckedConfig) -> None:
    """Check that the dated files are those of a run, as far as their rows were known by its end.

    Parameters
    ----------
    checked
        Its configuration, checked now.

    Raises
    ------
    DataError
        If one has changed since; the error names it.
    """
    facts = {} if run.description is None else run.description.facts
    before = facts.get("tables")
    if not before:
        return
    last = checked.calendar.session(date.fromisoformat(facts["sessions"][-1]))
    made = {one.name: each for one, each in zip(checked.scanners.enabled, checked.made, strict=True)}
    for scanner, files in describe_tables(made, last).items():
        for file, digest in files.items():
            if before.get(scanner, {}).get(file, digest) != digest:
                raise DataError(
                    f"the dated file '{file}' of '{scanner}' has changed since the run in {run.folder}: rows "
                    "that were known by then are others; run it anew, or restore the file"
                )


def _place_of(run: RunFiles, described: RunDescription) -> Path:
    place = described.environment.get("store")
    if place is None:
        raise InputError(f"{run.folder}: the run does not say where its store was; give the store")
    return Path(place)


def _now(store: BarStore, described: RunDescription) -> Mapping[str, Any]:
    last = date.fromisoformat(described.facts["sessions"][-1])
    return describe_store(store, last, is_before=described.is_live)


def _first_change(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Name the first file that is not as it was."""
    files, found = before.get("files", {}), now["files"]
    for name in sorted({*files, *found}):
        if name not in found:
            return f"the bars {name} are no longer there"
        if name not in files:
            return f"the bars {name} were not there"
        if files[name] != found[name]:
            return f"the bars {name} are others"
    return "the splits are others" if before.get("splits") != now["splits"] else None
