"""The folder of a study: written whole or not at all."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from symscan.errors import InputError
from symscan.runs.files.writing import TRY_AGAIN, writing
from symscan.runs.layout import PARTIAL

STUDY: Final = "study.json"
HITS: Final = "hits.parquet"
HITS_CSV: Final = "hits.csv"
SUMMARY: Final = "summary.csv"
GROUPS: Final = "groups.csv"
SESSIONS: Final = "sessions.csv"
CURVE: Final = "curve.csv"
DELAYS: Final = "delays.csv"
QUANTILES: Final = "quantiles.csv"
MATCHED_ON_CHANGE: Final = "matched_on_change.csv"
UNKNOWN: Final = "unknown.csv"
TRIES: Final = "tries.json"
REPORT: Final = "report.html"
PLACEBO: Final = "placebo.csv"
FORMAT_VERSION: Final = 1

FILES: Final = (
    *(STUDY, HITS, HITS_CSV, SUMMARY, GROUPS, SESSIONS, CURVE, DELAYS, QUANTILES, UNKNOWN, TRIES, REPORT),
    *(MATCHED_ON_CHANGE, PLACEBO),
)
"""Everything that a study's folder may hold."""


def check_folder(folder: Path, *, force: bool) -> None:
    """Check that a study may be written there.

    Raises
    ------
    InputError
        If something is there already; with ``force``, if it is anything but a study.
    RunError
        If it cannot be written there.
    """
    _check_writable(folder)
    if not folder.exists():
        return
    if not force:
        raise InputError(f"{folder} exists; choose another --out, or replace the study there with --force")
    if not folder.is_dir() or not (folder / STUDY).exists():
        raise InputError(
            f"{folder}: it holds no study, so that --force does not replace it; choose another --out"
        )
    strange = sorted(path.name for path in folder.iterdir() if path.name not in FILES)
    if strange:
        raise InputError(f"{folder}: '{strange[0]}' there is of no study; move it, or choose another --out")


def _check_writable(folder: Path) -> None:
    """Make and remove a folder where the study is to be: better now than when everything is played."""
    place = next(one for one in folder.absolute().parents if one.exists())
    with writing(folder, TRY_AGAIN), TemporaryDirectory(prefix=f".{folder.name}", dir=place):
        pass


def write_files(folder: Path, files: Mapping[str, bytes], finish: Callable[[Path], object]) -> None:
    """Write a study's folder under another name, then rename it; one that is there is replaced.

    Parameters
    ----------
    finish
        Called with the folder before it has its name, to write what is made of the others.

    Raises
    ------
    RunError
        If it cannot be written; what was there before stays.
    """
    temporary = folder.with_name(f".{folder.name}{PARTIAL}")
    replaced = folder.with_name(f".{folder.name}.replaced")
    with writing(folder, TRY_AGAIN):
        for one in (temporary, replaced):
            shutil.rmtree(one, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            for name, content in files.items():
                with writing(temporary / name, TRY_AGAIN) as path:
                    path.write_bytes(content)
            finish(temporary)
            if folder.exists():
                folder.rename(replaced)
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            if replaced.exists() and not folder.exists():
                replaced.rename(folder)
            raise
        shutil.rmtree(replaced, ignore_errors=True)


def as_parquet(frame: pl.DataFrame) -> bytes:
    """Return a table as Parquet."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", statistics=False)
    return content.getvalue()


def as_csv(frame: pl.DataFrame) -> bytes:
    """Return a table as CSV; unknown is empty, instants are ISO 8601 in UTC."""
    instants = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    texts = frame.with_columns(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%SZ") for name in instants)
    return texts.write_csv().encode()


def as_json(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON."""
    return (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode()
