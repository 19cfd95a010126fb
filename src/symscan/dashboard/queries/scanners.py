"""The page Scanner: when it finds, how long, with whom, and what it could not judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.parameters import Parameters
from symscan.dashboard.queries.times import completed_sessions
from symscan.errors import InputError
from symscan.research.report.entry_values import entry_values, where_of
from symscan.research.report.figures import RunTables, scanner_figures
from symscan.research.report.overlap import overlap
from symscan.research.study.study import Study, open_study

_TIMES: Final = (0.5, 0.95)


def scanner(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return a scanner's figures over the sessions that ended by an instant, of all where none is given."""
    asked.expect("scanner", "until")
    name, until = asked.needed("scanner"), asked.instant("until")
    opened.check_scanners([name])
    days = [one.date for one in completed_sessions(opened, until)]
    tables = RunTables.read(opened.run.files, days, opened.zone)
    own = tables.episodes.filter(pl.col("scanner") == name)
    scans = tables.scans.filter(pl.col("scanner") == name)
    return {
        "sessions": [str(day) for day in days],
        "left_out": len(opened.run.sessions) - len(days),
        "where": where_of(opened.run.files, name),
        "figures": scanner_figures(tables, name),
        "values": entry_values(opened.run.files, name, own, days),
        "overlap": overlap(tables.episodes, opened.run.scanners),
        "times": _times(scans),
    }


def _times(scans: pl.DataFrame) -> dict[str, float | None]:
    took = scans["execution_time_ms"].drop_nulls()
    if took.is_empty():
        return {"median": None, "p95": None, "longest": None}
    median, p95 = (took.quantile(share) for share in _TIMES)
    longest = took.max()
    return {"median": median, "p95": p95, "longest": longest if isinstance(longest, float) else None}


def study(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return what a study of the run says of a scanner: of the folder named, beside the run."""
    asked.expect("scanner", "name")
    name = asked.needed("scanner")
    opened.check_scanners([name])
    studies = _studies(opened, name)
    chosen = asked.text("name") or (next(iter(studies), None))
    if chosen is None:
        return {"studies": [], "study": None}
    if chosen not in studies:
        raise InputError("there is no such study beside the run; choose one of the list")
    found = studies[chosen]
    summary = found.summary
    rows = summary.filter(pl.col("scanner") == name) if "scanner" in summary.columns else summary
    return {
        "studies": list(studies),
        "study": {
            "name": chosen,
            "headline": found.headline,
            "sentences": [
                one for one in (*found.verdicts, *found.sentences) if not _is_of_others(one, name, found)
            ],
            "summary": {column: rows[column].to_list() for column in rows.columns},
        },
    }


def _is_of_others(sentence: str, scanner: str, study: Study) -> bool:
    return any(sentence.startswith(f"{other}: ") for other in study.scanners if other != scanner)


def _studies(opened: OpenedRun, scanner: str) -> dict[str, Study]:
    """Return the studies of a scanner over sessions of the run that lie beside it, by their folders' names.

    A study is of the run where the scanner's digest is the same: it names all that its hits follow from.
    """
    described = opened.run.files.description
    digest = None if described is None else described.facts.get("scanners", {}).get(scanner)
    found: dict[str, Study] = {}
    if digest is None:
        return found
    days = {str(day) for day in opened.run.sessions}
    beside: Path = opened.run.path.absolute().parent
    for folder in sorted(beside.iterdir()):
        if (folder / "study.json").is_file():
            try:
                one = open_study(folder)
            except InputError:
                continue  # it is damaged or newer: it says so where it is opened by itself
            if one.record.get("scanners", {}).get(scanner) == digest and days.issuperset(
                one.record["sessions"]
            ):
                found[folder.name] = one
    return found
