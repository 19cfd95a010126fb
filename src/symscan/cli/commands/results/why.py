"""``symscan why`` and ``symscan near``: what decided of a symbol, who missed by little, and the funnel."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

import orjson
import polars as pl

from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.research.why.answers import Decisions
from symscan.research.why.records import answer_record, frame_records
from symscan.research.why.source import find_decisions
from symscan.research.why.text import answer_text, at_text, funnel_text, near_text
from symscan.runs.texts import csv_header, csv_rows
from symscan.runtime.given_paths import paths_as_given

MOST: Final = 20
"""How many are shown who missed, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about: a session of a run or a configuration, and how the answer is written."""

    what: Path
    store: Path | None
    day: date | None
    scanner: str | None
    at: time | str | None
    as_json: bool
    as_csv: bool
    replays: bool


def explain_symbol(question: Question, symbol: str) -> None:
    """Print what was decided of a symbol, clause by clause.

    Raises
    ------
    InputError
        If there is no such run, session, scanner, scan or candidate.
    RunError
        If the run's hits are not found again.
    """
    with redirect_plugin_output(), paths_as_given(question.store or Path()):
        answer = _decisions(question).why(symbol, question.at, question.scanner)
    if question.as_json:
        _write_json(answer_record(answer))
    elif question.as_csv:
        _write_csv(answer.frame)
    else:
        print(answer_text(answer))


def show_funnel(question: Question, scanner: str) -> None:
    """Print how many each clause of a scanner lets through."""
    with redirect_plugin_output(), paths_as_given(question.store or Path()):
        decisions = _decisions(question)
        funnel, scans = decisions.funnel(scanner, question.at)
    title = f"{scanner} · {decisions.session.date}{at_text(question.at)} · symbols over {scans:,} scans"
    _write(question, funnel, funnel_text(funnel, title))


def show_near(question: Question, most: int) -> None:
    """Print who missed by one clause, nearest first."""
    with redirect_plugin_output(), paths_as_given(question.store or Path()):
        decisions = _decisions(question)
        tables = decisions.near(question.scanner, question.at, most)
    session, when = decisions.session, at_text(question.at)
    texts = [
        near_text(session, table, f"{name} · {session.date}{when} · missed by one clause")
        for name, table in tables.items()
    ]
    _write(question, pl.concat(list(tables.values())), "\n\n".join(texts))


def _decisions(question: Question) -> Decisions:
    source = find_decisions(question.what, question.day, question.store)
    return Decisions(source, replays=question.replays)


def _write(question: Question, frame: pl.DataFrame, text: str) -> None:
    if question.as_json:
        _write_json(frame_records(frame))
    elif question.as_csv:
        _write_csv(frame)
    else:
        print(text)


def _write_json(record: object) -> None:
    sys.stdout.write(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode() + "\n")


def _write_csv(frame: pl.DataFrame) -> None:
    sys.stdout.write(csv_header(frame.columns) + csv_rows(frame))
