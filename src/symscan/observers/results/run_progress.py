"""Save and read the progress of a run of several sessions, to resume it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from symscan.errors import InputError
from symscan.recording.differences import difference


@dataclass(slots=True)
class RunProgress:
    """The completed part of a run.

    Attributes
    ----------
    about
        What the run is of, as JSON can hold it.
    finished
        The sessions that came to their close.
    sizes
        How many bytes the files of results had then.
    summary
        The run's figures then.
    """

    about: Mapping[str, Any]
    finished: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def dates(self) -> frozenset[date]:
        """The sessions that are not run again."""
        return frozenset(map(date.fromisoformat, self.finished))

    def save(self, path: Path) -> None:
        """Write the progress atomically."""
        temporary = path.with_name(f"{path.name}.partial")
        values = {name: getattr(self, name) for name in RunProgress.__slots__}
        temporary.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)


def read_progress(path: Path, about: Mapping[str, Any]) -> RunProgress:
    """Read the progress of a run to resume.

    Parameters
    ----------
    about
        What is to go on; the run must be of the same.

    Raises
    ------
    InputError
        If it is of something else, or cannot be read.
    """
    try:
        progress = RunProgress(**json.loads(path.read_text(encoding="utf-8")))
        progress.dates  # noqa: B018 - they are read here, so that a damaged one is found now
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: it cannot be read ({error}); begin the run anew with --force") from None
    for key, value in json.loads(json.dumps(about)).items():
        if progress.about.get(key) != value:
            fault = difference("run in this folder", key, progress.about.get(key), value)
            raise InputError(
                f"{path.parent}: {fault}; go on with what the run was begun with, begin it anew "
                "with --force, or choose another --out"
            )
    return progress
