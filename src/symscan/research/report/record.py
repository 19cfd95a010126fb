"""All that a report says and draws, as one record that JSON can hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from symscan.errors import InputError
from symscan.research.report.candles import day_candles
from symscan.research.report.entry_values import entry_values, where_of
from symscan.research.report.figures import RunTables, run_figures, scanner_figures
from symscan.research.report.overlap import overlap
from symscan.research.report.trading import trading_record
from symscan.runs.export import zone_of
from symscan.runs.layout import JOURNAL
from symscan.runs.reading import RunFiles
from symscan.runs.texts import with_texts
from symscan.sources.store.bar_store import BarStore

_MOST_FAILURES: Final = 20
_MOST_CONDITIONS: Final = 50
_CONDITIONS: Final = frozenset(
    {
        *(
            "scanner_disabled",
            "feed_lost",
            "feed_recovered",
            "feed_silent",
            "feed_notice",
            "feed_dropped_bars",
        ),
        *("bars_lost", "bars_refused", "subscription_limited", "lag_began", "lag_ended"),
    }
)
_NO_DETAIL: Final = frozenset({"session", "at", "event"})


def report_record(
    run: RunFiles, store: BarStore | None, sessions: Sequence[date], top: int
) -> dict[str, Any]:
    """Return what is reported of some sessions of a run.

    Parameters
    ----------
    store
        Where candles are from; None for none.
    top
        How many of the best stays are shown.

    Raises
    ------
    DataError
        If a file of the run or the store is damaged.
    """
    zone = zone_of(run)
    tables = RunTables.read(run, sessions, zone)
    scanners = [
        {
            **scanner_figures(tables, name),
            "where": where_of(run, name),
            "values": entry_values(run, name, tables.episodes.filter(pl.col("scanner") == name), sessions),
        }
        for name in run.scanners
    ]
    return {
        "run": _head(run, sessions, zone.key),
        "figures": run_figures(tables),
        "scanners": scanners,
        "overlap": overlap(tables.episodes, run.scanners),
        "best": _best(run, tables, store, top),
        "strategies": trading_record(run, sessions),
        "failures": _failures(tables),
        "conditions": list(conditions(run, sessions)),
        "configuration": _configuration(run),
    }


def chosen_sessions(run: RunFiles, first: date | None, last: date | None) -> list[date]:
    """Return the sessions of a run from one date to another.

    Raises
    ------
    InputError
        If it has none there.
    """
    chosen = [
        day for day in run.sessions if (first is None or day >= first) and (last is None or day <= last)
    ]
    if run.sessions and not chosen:
        has = f"{run.sessions[0]} to {run.sessions[-1]}"
        wanted = " ".join(f"{word} {day}" for word, day in (("from", first), ("to", last)) if day)
        raise InputError(f"{run.folder}: the run has no session {wanted} (it has {has})")
    return chosen


def _head(run: RunFiles, sessions: Sequence[date], zone: str) -> dict[str, Any]:
    summary, facts = run.summary, {} if run.description is None else run.description.facts
    minutes = sorted(name.partition("/")[2] for name in facts.get("store", {}).get("files", {}))
    return {
        "name": summary.get("name"),
        "mode": run.mode,
        "status": summary["status"],
        "exchange": summary.get("exchange"),
        "zone": zone,
        "run_id": run.run_id,
        "format_version": run.format_version,
        "sessions": [str(day) for day in sessions],
        "sessions_of_run": len(run.sessions),
        "completed": len(summary.get("completed", run.sessions)),
        "planned": len(facts.get("sessions", run.sessions)),
        "warnings": list(summary.get("warnings", [])),
        "bars": [minutes[0], minutes[-1]] if minutes else None,
        "universes": {
            name: {key: one.get(key) for key in ("name", "as_of", "symbols")}
            | ({"by_date": True} if one.get("by_date") else {})
            for name, one in facts.get("universes", {}).items()
        },
    }


def _best(run: RunFiles, tables: RunTables, store: BarStore | None, top: int) -> dict[str, Any]:
    """Return the stays that rose most after entry: of a symbol in a session the best alone."""
    known = tables.episodes.filter(pl.col("highest_pct").is_not_null())
    order = ["highest_pct", "session", "entered", "scanner", "symbol"]
    ranked = known.sort(order, descending=[True, *[False] * 4])
    kept = ranked.unique(["session", "symbol"], keep="first", maintain_order=True).head(top)
    wanted: dict[date, list[str]] = {}
    for day, symbol in kept.select("session", "symbol").iter_rows():
        wanted.setdefault(day, []).append(symbol)
    candles = {} if store is None else day_candles(store, str(run.summary.get("exchange", "NYSE")), wanted)
    days = kept["session"].to_list()
    texts = with_texts(kept).drop("values").to_dicts()
    rows = [
        {**text, **_local(kept, at, tables), "candles": candles.get((days[at], text["symbol"]))}
        for at, text in enumerate(texts)
    ]
    return {"has_prices": bool(known.height), "has_store": store is not None, "stays": rows}


def _local(stays: pl.DataFrame, at: int, tables: RunTables) -> dict[str, str | None]:
    return {f"{name}_local": _clock(stays[name][at], tables) for name in ("entered", "left")}


def _clock(instant: datetime | None, tables: RunTables) -> str | None:
    return None if instant is None else f"{instant.astimezone(tables.zone):%H:%M}"


def _failures(tables: RunTables) -> dict[str, Any]:
    """Return the scans that were not ok, by scanner, outcome and error: how many, the first and the last."""
    failed = tables.scans.filter(pl.col("outcome") != "ok").with_columns(pl.col("error").fill_null(""))
    groups = failed.group_by("scanner", "outcome", "error").agg(
        pl.len().alias("count"), pl.col("scan_at").min().alias("first"), pl.col("scan_at").max().alias("last")
    )
    order = groups.sort("count", "scanner", "outcome", "error", descending=[True, False, False, False])
    local = pl.col("first", "last").dt.convert_time_zone(tables.zone.key).dt.to_string("%Y-%m-%d %H:%M")
    return {
        "count": failed.height,
        "groups": groups.height,
        "most": order.head(_MOST_FAILURES).with_columns(local).to_dicts(),
    }


def conditions(run: RunFiles, sessions: Sequence[date]) -> Iterator[dict[str, str]]:
    """Yield what went wrong beside scans, from the journal."""
    days = {str(day) for day in sessions}
    count = 0
    for line in _lines_of_conditions(run):
        if line.get("session") in days and count < _MOST_CONDITIONS:
            count += 1
            yield {"at": str(line.get("at")), "event": str(line["event"]), "detail": _detail(line)}


def _lines_of_conditions(run: RunFiles) -> Iterator[Mapping[str, Any]]:
    marks = tuple(f'"event":"{name}"' for name in sorted(_CONDITIONS))
    with (run.folder / JOURNAL).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if any(mark in line for mark in marks):
                found = _parsed(line)
                if found.get("event") in _CONDITIONS:
                    yield found


def _parsed(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # the last line of a session that was broken off
        return {}
    return found if isinstance(found, dict) else {}


def _detail(line: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in line.items() if key not in _NO_DETAIL)


def _configuration(run: RunFiles) -> dict[str, Any] | None:
    """Return the configuration, and the versions; paths are of one computer."""
    if run.description is None:
        return None
    facts, environment = run.description.facts, run.description.environment
    return {
        "as_read": facts.get("configuration", {}).get("as_read"),
        "modules": dict(facts.get("modules", {})),
        "scanners": {name: one.get("digest") for name, one in facts.get("scanners", {}).items()},
        "splits": facts.get("store", {}).get("splits"),
        "versions": {name: environment.get(name) for name in ("symscan", "python", "numpy", "polars")},
    }
