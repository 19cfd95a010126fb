"""What a command wrote, without what no two plays can have in common: folders and measured times."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

_MEASURED: Final = frozenset({"execution_time_ms", "recorded_at"})
"""Columns and keys that hold what a wall clock said."""

_PICKLED: Final = frozenset({"answers"})
"""Columns of pickles. They name the modules of classes, so that a mere move changes them; what was answered
shows in the events."""

_OF_CONNECTION: Final = re.compile(r'"event":"(feed_|subscription_)')
_FETCHED_AT: Final = re.compile(r'("kind":"recovered"),"arrived_at":"[^"]*"')
_FLOAT: Final = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


def plain(text: str, folder: Path) -> str:
    """A text without the folder it was written in."""
    return text.replace(str(folder.resolve()), "{folder}").replace(str(folder), "{folder}")


def write_run(run: Path, target: Path, folder: Path) -> None:
    """Write every file of a run's folder as it must always be, and what files there are."""
    paths = [path for path in sorted(run.rglob("*")) if path.is_file() and ".sqlite-" not in path.name]
    write_text(target / "files.txt", "".join(f"{path.relative_to(run)}\n" for path in paths))
    for path in paths:
        if path.suffix in _OF_SUFFIX:
            suffix, to_text = _OF_SUFFIX[path.suffix]
            write_text((target / path.relative_to(run)).with_suffix(suffix), plain(to_text(path), folder))


def write_without_connection(run: Path, target: Path) -> None:
    """Write a journal without what the process, not the session, decides.

    A session that is gone on with connects and subscribes once more, and its first fetch fails once more
    (``fetch_fails``), so that what was missed may arrive a second later.
    """
    lines = _journal(run / "journal.jsonl").splitlines(keepends=True)
    kept = "".join(line for line in lines if not _OF_CONNECTION.search(line))
    write_text(target / "journal_without_connection.jsonl", _FETCHED_AT.sub(r"\1", kept))


def write_store(store: Path, target: Path, *, whole: bool = False) -> None:
    """Write what a bar store holds: a digest of every file's rows; ``whole`` writes the rows as well."""
    rows = ["file,rows,sha256"]
    for path in sorted(store.rglob("*.parquet")):
        name = _undigested(str(path.relative_to(store)))
        frame = pl.read_parquet(path)
        kinds = ",".join(f"{column}:{kind}" for column, kind in frame.schema.items())
        text = f"{kinds}\n{frame.write_csv()}"
        rows.append(f"{name},{frame.height},{_digest(text)}")
        if whole:
            write_text(target / f"{name}.csv", text)
    write_text(target / "files.csv", "\n".join(rows) + "\n")
    write_text(target / "catalogue.json", _undigested((store / "catalogue.json").read_text()))


def write_text(path: Path, text: str) -> None:
    """Write a file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def digest_of(path: Path) -> str:
    """A digest of a file whose numbers are rounded to nine digits.

    What is committed must hold on other processors as well, whose vector units may add up in another
    order. Two plays on one computer are compared by every digit.
    """
    return _digest(_FLOAT.sub(_rounded, path.read_text()))


def _rounded(match: re.Match[str]) -> str:
    value = float(match[0])
    return format(value, ".9g") if abs(value) > 1e-9 else "0"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _undigested(text: str) -> str:
    """The names of a store's files hold a digest of their bytes, which depend on the release of polars."""
    return re.sub(r"\.[0-9a-f]{16}\.parquet", ".parquet", text)


def _table(path: Path) -> str:
    """A CSV file without its measured columns."""
    with path.open(newline="") as lines:
        rows = list(csv.reader(lines))
    kept = [place for place, name in enumerate(rows[0]) if name not in _MEASURED]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row[place] for place in kept] for row in rows)
    return text.getvalue()


def _json(path: Path) -> str:
    """A JSON file as it is; what a run was of without digests of stored bytes and without versions."""
    if path.name not in ("run.json", "summary.json"):
        return path.read_text()
    whole = json.loads(path.read_text())
    kept = {key: value for key, value in whole.items() if key not in ("run_id", "environment")}
    if "store" in kept:
        kept["store"] = {**kept["store"], "files": sorted(kept["store"]["files"])}
    return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"


def _parquet(path: Path) -> str:
    frame = pl.read_parquet(path)
    return frame.drop(sorted(_MEASURED & set(frame.columns))).write_ndjson()


def _journal(path: Path) -> str:
    """JSON lines as they are, keys in their order; one with a measured value is written anew without it."""
    return "".join(_json_line(line) for line in path.read_text().splitlines(keepends=True))


def _json_line(line: str) -> str:
    if not any(name in line for name in _MEASURED):
        return line
    kept = {key: value for key, value in json.loads(line).items() if key not in _MEASURED}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False) + "\n"


def _record(path: Path) -> str:
    return "".join(_lines_of_record(path))


def _lines_of_record(path: Path) -> Iterator[str]:
    """A database as text: its tables, their columns and rows."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        tables = reader.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        for table, sql in tables:
            yield f"{sql}\n"
            columns = [row[1] for row in reader.execute(f"PRAGMA table_info({table})")]
            wanted = [name for name in columns if name not in _MEASURED | _PICKLED]
            # By all columns: SQLite promises no order else.
            rows = reader.execute(f"SELECT {', '.join(wanted)} FROM {table} ORDER BY {', '.join(wanted)}")
            yield from (json.dumps([table, *map(_cell, row)], ensure_ascii=False) + "\n" for row in rows)


def _cell(value: Any) -> Any:
    return f"{len(value)} bytes {sha256(value).hexdigest()}" if isinstance(value, bytes) else value


_OF_SUFFIX: Final[dict[str, tuple[str, Callable[[Path], str]]]] = {
    ".csv": (".csv", _table),
    ".json": (".json", _json),
    ".jsonl": (".jsonl", _journal),
    ".parquet": (".parquet.jsonl", _parquet),
    ".sqlite": (".sqlite.txt", _record),
}
"""How a file is read, by its suffix, and the suffix of what is written of it."""
