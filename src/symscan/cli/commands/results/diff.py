"""``symscan diff``: in what two runs differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.formatting import format_count, format_names
from symscan.runs.differences import Fact, HitDifferences, RunDifferences, compare_runs
from symscan.runs.reading import RunFiles

_LONGEST: Final = 60
_MOST_FILES: Final = 5


def show_differences(a: Path, b: Path, *, as_json: bool) -> bool:
    """Print in what two runs differ, and return whether they do.

    Raises
    ------
    InputError
        If one of the folders holds no run that can be read.
    """
    found = compare_runs(RunFiles.open(a), RunFiles.open(b))
    if as_json:
        record = {"a": str(a), "b": str(b), **found.as_record()}
        print(json.dumps(record, indent=2, ensure_ascii=False))
    else:
        _show(found, a, b)
    return found.any


def _show(found: RunDifferences, a: Path, b: Path) -> None:
    console = report_console()
    print_line(console, f"A {a}", "bold")
    print_line(console, f"B {b}", "bold")
    if not found.is_described:
        print_line(console, "what they are of is not known whole: one is of the old format", style="yellow")
    for line in _fact_lines(found.facts):
        print_line(console, line)
    for which, days in (("A", found.sessions_only_a), ("B", found.sessions_only_b)):
        if days:
            print_line(console, f"sessions only in {which}: {format_names([str(day) for day in days])}")
    if not found.any:
        print_line(console, "they do not differ")
        return
    _show_hits(found)


def _fact_lines(facts: Sequence[Fact]) -> Iterator[str]:
    """Yield a line per difference; files of the store and modules by name, since digests say nothing."""
    for fact in facts:
        if fact.kind in ("run", "configuration", "universes"):
            of = "" if fact.kind == "run" else f"{fact.kind}: "
            yield f"{of}{fact.name}: A {_text(fact.a)}, B {_text(fact.b)}"
    for kind, noun in (("modules", "module"), ("store", "stored file")):
        of_kind = [fact for fact in facts if fact.kind == kind]
        for how, names in _by_side(of_kind).items():
            if names:
                yield f"{format_count(len(names), noun)} {how}: {format_names(names, most=_MOST_FILES)}"


def _by_side(facts: Sequence[Fact]) -> dict[str, list[str]]:
    return {
        "with other content": [one.name for one in facts if one.a is not None and one.b is not None],
        "only in A": [one.name for one in facts if one.b is None],
        "only in B": [one.name for one in facts if one.a is None],
    }


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _show_hits(found: RunDifferences) -> None:
    table = plain_table()
    table.add_column("hits of")
    for column in ("in both", "changed", "only in A", "only in B"):
        table.add_column(column, justify="right")
    table.add_column("the earliest that differs")
    for name, one in found.hits.items():
        counts = (f"{count:,}" for count in (one.both, one.changed, one.only_a, one.only_b))
        table.add_row(name, *counts, _earliest(one))
    report_console().print(table)


def _earliest(one: HitDifferences) -> str:
    if one.earliest is None:
        return ""
    how = one.earliest["which"].replace("only_a", "only in A").replace("only_b", "only in B")
    return f"{one.earliest['symbol']} at {one.earliest['scan_at']}, {how}"
