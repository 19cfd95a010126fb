"""List the runs in a folder with what they were, from their small files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from symscan.errors import InputError, SymscanError
from symscan.runs.description import read_description, read_record
from symscan.runs.files.writing import is_being_written
from symscan.runs.layout import PARTS, RUN, SUMMARY

_MARKS: Final = (RUN, SUMMARY, PARTS)


@dataclass(frozen=True, slots=True)
class ListedRun:
    """What a run was.

    Attributes
    ----------
    folder
        Its folder.
    status
        ``complete``, ``failed`` or ``interrupted``; ``being written``, ``broken off`` or ``broken``.
    start, end
        The first and last date that were asked for, as ISO 8601; None where it does not say.
    sessions
        How many sessions were begun.
    scanners
        The names of its scanners.
    hits, new
        How many symbols were returned at all scans, and how many of them for the first time in a session.
    run_id
        The digest of what it is of; None in the old format.
    format_version
        The version of its format; 1 is the old one.
    fault
        What is wrong with it; None if nothing is.
    """

    folder: Path
    status: str
    name: str | None = None
    mode: str | None = None
    start: str | None = None
    end: str | None = None
    sessions: int = 0
    scanners: tuple[str, ...] = ()
    hits: int = 0
    new: int = 0
    run_id: str | None = None
    format_version: int | None = None
    fault: str | None = None


def list_runs(folder: Path) -> list[ListedRun]:
    """List the runs in a folder, by name; the folder of one run is a list of one.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not folder.is_dir():
        what = "it is no folder" if folder.exists() else "there is no such folder"
        raise InputError(f"{folder}: {what}; give one that holds runs, as 'symscan run' makes with runs/")
    return [_listed(path) for path in _runs_in(folder)]


def _runs_in(folder: Path) -> Iterator[Path]:
    if _is_run(folder):
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and _is_run(path):
            yield path


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in _MARKS)


def _listed(folder: Path) -> ListedRun:
    try:
        if (folder / SUMMARY).exists():
            return _finished(folder)
        return _unfinished(folder)
    except (SymscanError, OSError) as error:
        return ListedRun(folder, "broken", fault=str(error).removeprefix(f"{folder}: "))


def _finished(folder: Path) -> ListedRun:
    summary = read_record(folder / SUMMARY)
    run_id = read_description(folder).run_id if (folder / RUN).exists() else None
    try:
        scanners = summary["scanners"]
        return ListedRun(
            folder,
            str(summary["status"]),
            *_head(summary),
            sessions=len(summary["sessions"]),
            scanners=tuple(scanners),
            hits=sum(one["hits"] for one in scanners.values()),
            new=sum(one["new"] for one in scanners.values()),
            run_id=run_id,
            format_version=summary.get("format_version", 1),
        )
    except (KeyError, TypeError, AttributeError) as error:
        fault = f"{SUMMARY} is damaged ({type(error).__name__}: {error}); run it anew"
        return ListedRun(folder, "broken", fault=fault)


def _unfinished(folder: Path) -> ListedRun:
    status = "being written" if is_being_written(folder) else "broken off"
    if not (folder / RUN).exists():
        return ListedRun(folder, status)
    described = read_description(folder)
    return ListedRun(
        folder,
        status,
        *_head(described.facts),
        sessions=len(list((folder / PARTS).glob("????-??-??"))),
        scanners=tuple(described.facts.get("scanners", {})),
        run_id=described.run_id,
        format_version=2,
    )


def _head(record: Mapping[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    return record.get("name"), record.get("mode"), record.get("start"), record.get("end")
