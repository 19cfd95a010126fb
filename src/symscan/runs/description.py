"""``run.json``: what a run is of, and the digest that names it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from symscan.errors import DataError, InputError
from symscan.recording.differences import difference
from symscan.runs.layout import FORMAT_VERSION, RUN

_NO_PART: Final = frozenset({"format_version", "run_id", "environment"})
_ID_DIGITS: Final = 16
_COMPARED_ALONE: Final = frozenset(
    {"configuration", "exchange", "sessions", "store", "universes", "tables", "modules", "scanners"}
)
"""Facts whose differences have words of their own."""


@dataclass(frozen=True)
class RunDescription:
    """What a run is of.

    Attributes
    ----------
    facts
        All that its results follow from, as JSON can hold it: configuration, modules, universes, stored bars.
    environment
        What depends on the computer: versions and folders. It is no part of the digest.
    """

    facts: Mapping[str, Any]
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether it is a live session, which goes on from its record."""
        return self.facts.get("mode") == "live"

    @cached_property
    def run_id(self) -> str:
        """The digest of the facts: runs of one ``run_id`` have the same results."""
        return digest_of({"format_version": FORMAT_VERSION, **self.facts})

    def as_record(self) -> dict[str, Any]:
        """Return what ``run.json`` holds."""
        head = {"format_version": FORMAT_VERSION, "run_id": self.run_id}
        return {**head, **self.facts, "environment": dict(self.environment)}


def digest_of(value: Any) -> str:
    """Return a digest of a value that JSON can hold: the same whatever the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:_ID_DIGITS]


def write_description(path: Path, description: RunDescription) -> None:
    """Write a description as JSON."""
    text = json.dumps(description.as_record(), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_description(folder: Path) -> RunDescription:
    """Read the description in the folder of a run.

    Raises
    ------
    DataError
        If it is damaged, or of a newer format.
    """
    path = folder / RUN
    record = read_record(path)
    version = record.get("format_version")
    if not isinstance(version, int):
        raise DataError(f"{path}: it is damaged (it has no format_version); run it anew")
    if version > FORMAT_VERSION:
        raise DataError(
            f"{folder}: the run has format version {version}, this symscan reads up to {FORMAT_VERSION}; "
            "use the symscan that wrote it, or a newer one"
        )
    facts = {key: value for key, value in record.items() if key not in _NO_PART}
    description = RunDescription(facts, record.get("environment") or {})
    if record.get("run_id") != description.run_id:
        raise DataError(f"{path}: it is damaged (its run_id is not that of what it holds); run it anew")
    return description


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises
    ------
    DataError
        If it does not.
    """
    try:
        record = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: it cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DataError(f"{path}: it is damaged ({error}); run it anew") from None
    if not isinstance(record, dict):
        raise DataError(f"{path}: it is damaged (it holds no object); run it anew")
    return record


def check_same(folder: Path, begun: RunDescription, now: RunDescription) -> None:
    """Check that a run to go on with is of the same as the one that was begun.

    Raises
    ------
    InputError
        If it is of something else; it names the first difference.
    """
    if (fault := next(differences(begun, now), None)) is not None:
        raise InputError(
            f"{folder}: {fault}; go on with what the run was begun with, begin it anew "
            "with --force, or choose another --out"
        )


def differences(begun: RunDescription, now: RunDescription) -> Iterator[str]:
    """Yield in which respects two runs are of something else."""
    before, after = _compared(begun), _compared(now)
    for key, value in after.items():
        if before.get(key) != value:
            yield difference("run in this folder", key, before.get(key), value)


def _compared(description: RunDescription) -> dict[str, Any]:
    """Return what is compared, by the words of messages."""
    facts = json.loads(json.dumps(description.facts))
    store = facts.get("store", {})
    universes = facts.get("universes", {})
    return {
        "configuration": facts.get("configuration", {}).get("as_read"),
        "exchange": facts.get("exchange"),
        "store": description.environment.get("store"),
        "sessions": facts.get("sessions"),
        "stored bars": {**store.get("files", {}), "splits": store.get("splits")},
        "universes": {f"that of '{name}'": one.get("digest") for name, one in universes.items()},
        "dated files": {f"of '{name}'": files for name, files in facts.get("tables", {}).items()},
        "modules": facts.get("modules"),
        "rest": {key: value for key, value in facts.items() if key not in _COMPARED_ALONE},
    }
