"""Say in what two runs differ: in what they are of, and in what they found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from symscan.runs.reading import RunFiles
from symscan.runs.schemas import PHASE_PLACE
from symscan.runs.texts import with_texts

_KEY: Final = ["session", "scan_at", "scanner", "phase", "symbol"]
_VALUES: Final = ["rank", "new", "price", "previous_close", "change_pct", "gap_pct", "volume"]
_HEAD: Final = ("name", "mode", "exchange", "start", "end", "source", "speed", "faults", "from", "feed")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing in which what two runs are of differs.

    Attributes
    ----------
    kind
        ``run``, ``configuration``, ``modules``, ``universes`` or ``store``.
    name
        Which one: a key of the configuration, a module, a scanner, a file of the store.
    a, b
        What each run has; None where it has none.
    """

    kind: str
    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class HitDifferences:
    """In what the hits of one scanner differ, over the sessions that both runs have.

    Attributes
    ----------
    both, only_a, only_b
        How many symbols at a scan both runs found, and only one of them.
    changed
        How many of both have another rank, price or volume.
    earliest
        The first of those that differ: ``session``, ``scan_at``, ``symbol``, and ``which``: ``only_a``,
        ``only_b`` or ``changed``; None if none does.
    """

    both: int
    only_a: int
    only_b: int
    changed: int
    earliest: Mapping[str, Any] | None

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        return self.earliest is not None


@dataclass(frozen=True, slots=True)
class RunDifferences:
    """In what two runs differ.

    Attributes
    ----------
    facts
        In what they are of.
    is_described
        Whether both say what they are of; a folder of the old format does not.
    sessions
        The sessions that both have, whose hits are compared.
    sessions_only_a, sessions_only_b
        The sessions that only one of them has.
    hits
        Differences by scanner.
    """

    facts: tuple[Fact, ...]
    is_described: bool
    sessions: tuple[date, ...]
    sessions_only_a: tuple[date, ...]
    sessions_only_b: tuple[date, ...]
    hits: Mapping[str, HitDifferences]

    @property
    def any(self) -> bool:
        """Whether there is a difference."""
        sessions = self.sessions_only_a or self.sessions_only_b
        return bool(self.facts or sessions or any(one.any for one in self.hits.values()))

    def as_record(self) -> dict[str, Any]:
        """Return the differences as JSON can hold them."""
        return {
            "differ": self.any,
            "described": self.is_described,
            "facts": [{"kind": one.kind, "name": one.name, "a": one.a, "b": one.b} for one in self.facts],
            "sessions": {
                "both": [str(day) for day in self.sessions],
                "only_a": [str(day) for day in self.sessions_only_a],
                "only_b": [str(day) for day in self.sessions_only_b],
            },
            "hits": {name: _record_of(one) for name, one in self.hits.items()},
        }


def compare_runs(a: RunFiles, b: RunFiles) -> RunDifferences:
    """Compare two runs.

    Raises
    ------
    DataError
        If a file of one of them is damaged.
    """
    in_a, in_b = set(a.sessions), set(b.sessions)
    return RunDifferences(
        tuple(_facts(a, b)),
        a.description is not None and b.description is not None,
        tuple(sorted(in_a & in_b)),
        tuple(sorted(in_a - in_b)),
        tuple(sorted(in_b - in_a)),
        _hit_differences(a, b, sorted(in_a & in_b)),
    )


def _facts(a: RunFiles, b: RunFiles) -> Iterator[Fact]:
    one, other = _facts_of(a), _facts_of(b)
    both_described = a.description is not None and b.description is not None
    for kind in one if both_described else ("run",):
        yield from _different(kind, one[kind], other.get(kind, {}))


def _different(kind: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Fact]:
    for name in dict.fromkeys((*a, *b)):
        if a.get(name) != b.get(name):
            yield Fact(kind, name, a.get(name), b.get(name))


def _facts_of(run: RunFiles) -> dict[str, dict[str, Any]]:
    """Return what a run is of, by kind and name."""
    if run.description is None:
        return {"run": {key: run.summary.get(key) for key in _HEAD}}
    facts = run.description.facts
    store = facts.get("store", {})
    return {
        "run": {key: facts.get(key) for key in _HEAD},
        "configuration": dict(_flat("", facts.get("configuration", {}).get("resolved", {}))),
        "modules": dict(facts.get("modules", {})),
        "universes": {name: _universe_text(one) for name, one in facts.get("universes", {}).items()},
        "store": {**store.get("files", {}), "splits": store.get("splits"), "origin": store.get("origin")},
    }


def _universe_text(universe: Mapping[str, Any]) -> str:
    dated = f"as of {universe['as_of']}, " if universe["as_of"] else ""
    dated = "as of each session, " if universe.get("by_date") else dated
    return f"{universe['name']} ({universe['symbols']} symbols, {dated}digest {universe['digest']})"


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a configuration's values by path; what has a name by that instead of its place."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _flat(f"{path}.{key}" if path else key, one)
    elif isinstance(value, list) and value and all(map(_is_named, value)):
        for one in value:
            kept = {key: inner for key, inner in one.items() if key != "name"}
            yield from _flat(f"{path}.{one['name']}", kept)
    else:
        yield path, value


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping) and "name" in value


def _hit_differences(a: RunFiles, b: RunFiles, days: list[date]) -> dict[str, HitDifferences]:
    joined = _joined(a, b, days)
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_b")) for name in _VALUES)
    which = (
        pl.when(pl.col("in_b").is_null())
        .then(pl.lit("only_a"))
        .when(pl.col("in_a").is_null())
        .then(pl.lit("only_b"))
        .when(changed)
        .then(pl.lit("changed"))
    )
    compared = joined.with_columns(which.alias("which")).sort("scan_at", PHASE_PLACE, "scanner", "symbol")
    names = dict.fromkeys((*a.scanners, *b.scanners))
    return {name: _of_scanner(compared.filter(pl.col("scanner") == name)) for name in names}


def _joined(a: RunFiles, b: RunFiles, days: list[date]) -> pl.DataFrame:
    frames = [
        run.collect(run.hits().filter(pl.col("session").is_in(days)).select(*_KEY, *_VALUES)).with_columns(
            pl.lit(True).alias(mark)
        )
        for run, mark in ((a, "in_a"), (b, "in_b"))
    ]
    return frames[0].join(frames[1], on=_KEY, how="full", coalesce=True, suffix="_b")


def _of_scanner(rows: pl.DataFrame) -> HitDifferences:
    counts = dict(rows["which"].value_counts().iter_rows())
    only_a, only_b = counts.get("only_a", 0), counts.get("only_b", 0)
    first = with_texts(rows.filter(pl.col("which").is_not_null()).head(1)).to_dicts()
    shown = ("session", "scan_at", "phase", "symbol", "which", *_values_of("rank"), *_values_of("price"))
    return HitDifferences(
        rows.height - only_a - only_b,
        only_a,
        only_b,
        counts.get("changed", 0),
        {key: first[0][key] for key in shown} if first else None,
    )


def _values_of(name: str) -> tuple[str, str]:
    return name, f"{name}_b"


def _record_of(one: HitDifferences) -> dict[str, Any]:
    earliest = None if one.earliest is None else json.loads(json.dumps(dict(one.earliest)))
    counts = {"both": one.both, "only_a": one.only_a, "only_b": one.only_b, "changed": one.changed}
    return {**counts, "earliest": earliest}
