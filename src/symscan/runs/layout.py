"""The names of a run's files and folders."""

from __future__ import annotations

import re
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from symscan.recording import OUTBOX_NAME, RECORD_NAME

FORMAT_VERSION: Final = 2
"""The version of the format that is written; 1 is that of folders without a ``run.json``."""

RUN: Final = "run.json"
SUMMARY: Final = "summary.json"
SCANS: Final = "scans.csv"
UNKNOWN: Final = "unknown.csv"
TRADES: Final = "trades.csv"
EPISODES_CSV: Final = "episodes.csv"
HITS_CSV: Final = "hits.csv"
JOURNAL: Final = "journal.jsonl"
JOINED: Final = (HITS_CSV, SCANS, UNKNOWN, TRADES, EPISODES_CSV, JOURNAL)
"""The files of the whole run, each joined from one part per session."""

HITS: Final = "hits"
VALUES: Final = "values"
EPISODES: Final = "episodes"
LEDGER: Final = "ledger"
FOLDERS: Final = (HITS, VALUES, EPISODES, LEDGER)
"""The folders of Parquet files, one file per session."""

PARTS: Final = ".sessions"
"""Holds one folder per session while a run is written, or after it was broken off."""

FIGURES: Final = "figures.json"
"""The figures of one session, in its folder of parts."""

REPORT: Final = "report.html"
"""The page that a report is written to."""

REPLACED: Final = ".replaced"
"""Holds the results that a run replaces, until it has some of its own."""

PARTIAL: Final = ".partial"
"""The end of a name that is not yet that of a whole file or folder."""

PROGRESS: Final = "progress.json"
"""What format 1 kept of a run that was broken off."""

_LONGEST: Final = 180
_DATED: Final = re.compile(r"\d{4}-\d\d-\d\d\.parquet(\.partial)?")


def hits_file(folder: Path, day: date) -> Path:
    """Return the file of a session's hits."""
    return folder / HITS / f"{day}.parquet"


def episodes_file(folder: Path, day: date) -> Path:
    """Return the file of a session's episodes."""
    return folder / EPISODES / f"{day}.parquet"


def values_file(folder: Path, scanner: str, day: date) -> Path:
    """Return the file of what a scanner said of its hits in a session."""
    return folder / VALUES / scanner_folder(scanner) / f"{day}.parquet"


def ledger_file(folder: Path, day: date) -> Path:
    """Return the file of what scans of a session decided, where a run keeps that."""
    return folder / LEDGER / f"{day}.parquet"


def scanner_folder(scanner: str) -> str:
    """Return the name of a scanner's folder: what is not ``A-Za-z0-9._-`` percent-encoded.

    A leading dot is encoded too, since it hides a folder or names another one. A very long name is cut,
    and told from others by a digest.
    """
    name = quote(scanner, safe="").replace("~", "%7E")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST]}~{sha256(scanner.encode()).hexdigest()[:16]}"
    return name or "%"


def strange_file(folder: Path) -> str | None:
    """Return the name of something in a folder that no run writes; None where there is none."""
    for path in sorted(folder.iterdir()):
        if not _is_result(path.name):
            return path.name
        if path.name in FOLDERS and (strange := _strange_in(path)) is not None:
            return str(strange.relative_to(folder))
    return None


def _is_result(name: str) -> bool:
    return (
        name.removesuffix(PARTIAL) in (*JOINED, RUN, SUMMARY, REPORT, PROGRESS)
        or name in (*FOLDERS, PARTS, REPLACED)
        or name.startswith((RECORD_NAME, OUTBOX_NAME))
    )


def _strange_in(folder: Path) -> Path | None:
    """Return what is neither a session's Parquet file nor, in ``values``, a folder of such."""
    if not folder.is_dir():
        return folder
    for path in sorted(folder.iterdir()):
        if folder.name == VALUES and path.is_dir():
            if (strange := _strange_in(path)) is not None:
                return strange
        elif path.is_dir() or not _DATED.fullmatch(path.name):
            return path
    return None
