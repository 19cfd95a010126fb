"""Folders of format 1, with ``hits.csv`` and without ``run.json``, read as those of today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.runs import hit_values
from symscan.runs.episodes import REMOVALS_SCHEMA, SessionScans, episodes_of, finished
from symscan.runs.layout import HITS_CSV, JOURNAL, SCANS, UNKNOWN
from symscan.runs.list_changes import ListChanges
from symscan.runs.schemas import (
    EPISODES_SCHEMA,
    HITS_SCHEMA,
    PHASE_PLACE,
    SCANS_SCHEMA,
    UNKNOWN_SCHEMA,
    VALUES_KEYS,
    as_texts,
    parse_texts,
)

_HOLDER: Final = "scanner:"
_SCAN_KEYS: Final = ("scan_at", "scanner", "phase")


def hits(folder: Path, mode: str) -> pl.LazyFrame:
    """Return the hits; ``decided_at`` of a live session is in its journal."""
    return _hits(folder, mode).select(HITS_SCHEMA.names()).lazy()


def scans(folder: Path, mode: str) -> pl.LazyFrame:
    """Return the scans, with who entered and who left counted from the hits."""
    found = _scans(folder, mode)
    lists = {
        key: part["symbol"].to_list()
        for key, part in _hits(folder, mode)
        .sort("rank")
        .partition_by(_SCAN_KEYS, as_dict=True, maintain_order=True)
        .items()
    }
    counts: list[tuple[int, int]] = []
    for _, day in found.group_by("session", maintain_order=True):
        changes = ListChanges()
        for at, scanner, phase, outcome in day.select(*_SCAN_KEYS, "outcome").iter_rows():
            symbols = lists.get((at, scanner, phase), [])
            entered, left = changes.update(scanner, symbols, is_ok=outcome == "ok")
            counts.append((len(entered), len(left)))
    columns = pl.DataFrame(counts, schema={"entered": pl.Int64, "left": pl.Int64}, orient="row")
    return pl.concat([found, columns], how="horizontal").select(SCANS_SCHEMA.names()).lazy()


def unknown(folder: Path) -> pl.LazyFrame:
    """Return who could not be judged: one row a session, from the first to the last such scan."""
    names = {"first_at": "from", "last_at": "to"}
    frame = _text_frame(folder / UNKNOWN).rename(names).with_columns(phase=pl.lit(None, pl.String))
    return frame.select(parse_texts(UNKNOWN_SCHEMA)).lazy()


def values(folder: Path, scanner: str) -> pl.LazyFrame:
    """Return what a scanner said of its hits."""
    found = _hits(folder, "backtest").filter(pl.col("scanner") == scanner)
    rows = [json.loads(text) for text in found["metadata"].to_list()]
    if not any(rows):
        return pl.LazyFrame(schema=VALUES_KEYS)
    columns, _ = hit_values.of_mappings(rows)
    return pl.concat([found.select(VALUES_KEYS.names()), columns], how="horizontal").lazy()


def episodes(folder: Path, mode: str) -> pl.LazyFrame:
    """Return the episodes; prices after the entry are not known, since they are not in the folder."""
    parts = [_episodes_of(one) for one in _sessions(folder, mode)]
    return pl.concat([pl.DataFrame(schema=EPISODES_SCHEMA), *parts]).lazy()


def _episodes_of(session: SessionScans) -> pl.DataFrame:
    stays = episodes_of(session, None)
    return finished(stays, session.hits["metadata"].replace(["{}"], [None])[stays["hit"]])


def _sessions(folder: Path, mode: str) -> Iterator[SessionScans]:
    found, judged = _hits(folder, mode), unknown(folder).collect()
    closes, removals = _closes(folder), _journal(folder, "scan_finished", "symbols_removed")
    by_day = _scans(folder, mode).partition_by("session", as_dict=True, maintain_order=True)
    for (day,), part in by_day.items():
        numbered = part.with_row_index("scan").select("scan", *_SCAN_KEYS, "outcome")
        of_day = pl.col("session") == day
        hits_of_day = found.filter(of_day).join(
            numbered.select("scan", *_SCAN_KEYS), on=_SCAN_KEYS, how="left", maintain_order="left"
        )
        removed = _removals([line for line in removals if line["session"] == str(day)], numbered)
        yield SessionScans(closes[str(day)], numbered, hits_of_day, judged.filter(of_day), removed)


def _hits(folder: Path, mode: str) -> pl.DataFrame:
    frame = _text_frame(folder / HITS_CSV).drop("scan_at_local").rename({"metadata": "text"})
    typed = {name: kind for name, kind in HITS_SCHEMA.items() if name != "decided_at"}
    rank = pl.col("rank").cast(pl.Int32)
    new = pl.col("new") == "true"
    parsed = [one for one in parse_texts(pl.Schema(typed)) if one.meta.output_name() not in ("rank", "new")]
    frame = frame.select(*parsed, rank, new, pl.col("text").alias("metadata"))
    ordered = frame.sort("session", "scan_at", PHASE_PLACE, "scanner", "rank", "symbol", maintain_order=True)
    return _with_decided(ordered, folder, mode)


def _scans(folder: Path, mode: str) -> pl.DataFrame:
    added = ("entered", "left", "decided_at")
    typed = pl.Schema({name: kind for name, kind in SCANS_SCHEMA.items() if name not in added})
    frame = pl.read_csv(folder / SCANS, schema=as_texts(typed), glob=False).select(parse_texts(typed))
    return _with_decided(frame, folder, mode)


def _with_decided(frame: pl.DataFrame, folder: Path, mode: str) -> pl.DataFrame:
    """Add when results were applied: at once in a backtest, where the journal says else nothing."""
    if mode == "backtest":
        return frame.with_columns(decided_at="scan_at")
    lines = [line for line in _journal(folder, "scan_finished") if "decided_at" in line]
    late = pl.DataFrame(
        {
            "scan_at": [line["at"] for line in lines],
            "scanner": [line["scanner"] for line in lines],
            "phase": [line["phase"] for line in lines],
            "decided_at": [line["decided_at"] for line in lines],
        },
        schema=dict.fromkeys((*_SCAN_KEYS, "decided_at"), pl.String()),
    ).select(parse_texts(pl.Schema({name: SCANS_SCHEMA[name] for name in (*_SCAN_KEYS, "decided_at")})))
    joined = frame.join(late.unique(_SCAN_KEYS), on=_SCAN_KEYS, how="left", maintain_order="left")
    return joined.with_columns(decided_at=pl.coalesce("decided_at", "scan_at"))


def _closes(folder: Path) -> dict[str, int]:
    """Return the close of each session."""
    lines = _journal(folder, "session_prepared")
    kind = SCANS_SCHEMA["scan_at"]
    texts = pl.Series([line["closes_at"] for line in lines], dtype=pl.String)
    parsed = pl.DataFrame({"at": texts}).select(parse_texts(pl.Schema({"at": kind})))["at"]
    return dict(zip([line["session"] for line in lines], parsed.to_physical().to_list(), strict=True))


def _removals(lines: list[dict[str, Any]], numbered: pl.DataFrame) -> pl.DataFrame:
    """Return whom scanners had removed, and after which of their scans.

    The table of scans and the journal have the scans of one scanner in the same order.
    """
    left = {
        name: iter(part["scan"]) for (name,), part in numbered.partition_by("scanner", as_dict=True).items()
    }
    after: dict[str, int] = {}
    rows: list[tuple[str, str, int]] = []
    for line in lines:
        if line["event"] == "scan_finished":
            after[line["scanner"]] = next(left[line["scanner"]]) + 1
        elif line["holder"].startswith(_HOLDER):
            name = line["holder"].removeprefix(_HOLDER)
            rows += [(name, symbol, after.get(name, 0)) for symbol in line["symbols"]]
    return pl.DataFrame(rows, schema=REMOVALS_SCHEMA, orient="row")


def _journal(folder: Path, *events: str) -> list[dict[str, Any]]:
    wanted = tuple(f'"event":"{name}"' for name in events)
    with (folder / JOURNAL).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if any(name in line for name in wanted)]


def _text_frame(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False, glob=False)
