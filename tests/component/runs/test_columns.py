"""Hits, values and episodes against loops over ``hits.csv`` and the raw bars."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from component.runs.conftest import DAYS, HOSTILE
from support.runs import Run
from symscan.runs.hit_values import json_texts
from symscan.runs.reading import RunFiles
from symscan.runs.schemas import EPISODES_SCHEMA, HITS_SCHEMA, VALUES_KEYS
from symscan.runs.texts import with_texts

Row = dict[str, Any]
NAMES = ["rank", "symbol", "metadata_rank", 'Ünicode, "quoted"', "mixed", "nested", "whole", "big", "often"]


@pytest.fixture(scope="module")
def files(run: Run) -> RunFiles:
    return RunFiles.open(run.folder)


def _rows(run: Run, name: str) -> list[Row]:
    with (run.folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def test_hits_are_those_of_the_csv(run: Run, files: RunFiles) -> None:
    hits = files.read("hits")
    assert hits.schema == HITS_SCHEMA
    rows = _rows(run, "hits")
    assert len(rows) > 1000
    rows.sort(
        key=lambda row: (row["scan_at"], row["phase"] != "pre_session", row["scanner"], int(row["rank"]))
    )
    for name, kind in HITS_SCHEMA.items():
        texts = [row[name] for row in rows]
        values: list[Any] = texts
        if isinstance(kind, pl.Datetime):
            values = [_instant(text) for text in texts]
        elif kind == pl.Date():
            values = [date.fromisoformat(text) for text in texts]
        elif kind == pl.Boolean():
            values = [text == "true" for text in texts]
        elif kind.is_numeric():
            values = [_number(text) for text in texts]
        assert hits[name].to_list() == values, name


@pytest.mark.parametrize("scanner", ["above", HOSTILE])
def test_values_are_the_metadata_of_the_csv(run: Run, files: RunFiles, scanner: str) -> None:
    rows = [row for row in _rows(run, "hits") if row["scanner"] == scanner]
    wanted = {(row["scan_at"], row["phase"], row["symbol"]): row["metadata"] for row in rows}
    told = {}
    for day in DAYS:
        notes = files.value_notes(scanner, day)
        assert notes is not None
        (path,) = (run.folder / "values").glob(f"{'above' if scanner == 'above' else '1.*'}/{day}.parquet")
        frame = pl.read_parquet(path)
        keys = frame.select(pl.col("scan_at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"), "phase", "symbol").rows()
        told |= dict(zip(keys, json_texts(frame, notes), strict=True))
    assert told == wanted
    if scanner == HOSTILE:
        assert "{}" in told.values()  # one symbol has none


def test_values_are_typed_and_no_name_hides_a_key(files: RunFiles) -> None:
    frame = files.collect(files.values(HOSTILE))
    number, text, flag = pl.Float64(), pl.String(), pl.Boolean()
    assert dict(frame.schema) == {
        **VALUES_KEYS,
        "metadata_rank": number,
        "metadata_symbol": text,
        "metadata_metadata_rank": text,
        'Ünicode, "quoted"': flag,
        "mixed": text,
        "nested": text,
        "whole": number,
        "big": text,
        "often": text,  # some lack it, others have null
    }
    known = frame.filter(pl.col("nested").is_not_null())
    assert set(known["nested"]) == {'{"levels": [1, null, {"x": 2.5}]}'}
    assert known["symbol"].str.to_lowercase().to_list() == known["metadata_symbol"].to_list()
    assert files.collect(files.values("never")).schema == VALUES_KEYS


def test_episodes_are_those_of_a_loop(run: Run, files: RunFiles, bars: pl.DataFrame) -> None:
    told = files.read("episodes")
    assert told.schema == EPISODES_SCHEMA
    expected = [episode for day in DAYS for episode in _episodes(run, day, _by_symbol(bars))]
    whys = {row["why"] for row in expected}
    assert whys == {"left", "unknown", "removed", "scanner_ended", "close"}
    assert len(expected) > 300
    for row, wanted in zip(told.iter_rows(named=True), expected, strict=True):
        for name, value in wanted.items():
            if isinstance(value, float):
                assert math.isclose(row[name], value, rel_tol=1e-12, abs_tol=1e-12), (name, row, wanted)
            else:
                assert row[name] == value, (name, row, wanted)


def test_episodes_as_text_are_the_same(run: Run, files: RunFiles) -> None:
    told = files.read("episodes")
    rows = _rows(run, "episodes")
    assert [row["symbol"] for row in rows] == told["symbol"].to_list()
    for name in ("entered", "left"):
        assert [row[name] for row in rows] == [_on_the_clock(moment) for moment in told[name].to_list()]
    assert [_number(row["highest"]) for row in rows] == told["highest"].to_list()
    assert [_number(row["price_end"]) for row in rows] == told["price_end"].to_list()
    for row, wanted in zip(rows, told.iter_rows(named=True), strict=True):
        for name in ("highest_pct", "lowest_pct"):
            assert _is_rounded(_number(row[name]), wanted[name], 0.5e-2), (name, row, wanted)
        notes = files.value_notes(row["scanner"], wanted["session"])
        kinds = {} if notes is None else {one.name: one.kind for one in notes.columns.values()}
        whole = json.loads(wanted["values"] or "{}")
        known = {name: one for name, one in whole.items() if one is not None or kinds[name] == "json"}
        short = [part.partition("=") for part in row["values"].split("; ") if part]
        assert sorted(name for name, _, _ in short) == sorted(known)
        for name, _, text in short:
            assert _is_shown(text, known[name], kinds[name]), (name, row["values"], whole)


def _on_the_clock(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(ZoneInfo("America/New_York")).strftime("%H:%M")


def _is_shown(text: str, value: Any, kind: str) -> bool:
    """Whether a text is a value as people read it."""
    if isinstance(value, float) and kind == "number":
        return _is_rounded(float(text), value, min(0.5, abs(value) * 0.5e-5))
    return text == (value if kind == "text" else json.dumps(value, ensure_ascii=False))


def _is_rounded(number: float | None, whole: float | None, by: float) -> bool:
    """Whether a number is another, or as near as rounding leaves it and no longer than that."""
    if number is None or whole is None:
        return number is whole
    return abs(number - whole) <= by * (1 + 1e-9) and len(repr(number)) <= max(len(repr(whole)), 3)


def test_scans_count_who_came_and_who_went(files: RunFiles) -> None:
    scans = files.read("scans")
    episodes = files.read("episodes")
    came = episodes.group_by("scanner").len().sort("scanner").rows()
    per_scanner = scans.group_by("scanner").agg(pl.col("entered", "left").sum()).sort("scanner")
    assert [row[:2] for row in per_scanner.rows() if row[1]] == came
    gone = episodes.filter(~pl.col("why").is_in(["close", "scanner_ended"]))
    assert sorted(per_scanner.filter(pl.col("left") > 0).select("scanner", "left").rows()) == sorted(
        gone.group_by("scanner").len().rows()
    )


def test_the_journal_names_who_came_and_who_went(run: Run) -> None:
    lines = [json.loads(line) for line in run.lines("journal.jsonl")]
    scans = [line for line in lines if line["event"] == "scan_finished"]
    came = [(one["at"], one["scanner"], symbol) for one in scans for symbol in one.get("entered", ())]
    episodes = with_texts(RunFiles.open(run.folder).read("episodes"))
    assert sorted(came) == sorted(episodes.select("entered", "scanner", "symbol").rows())
    assert not any("hits" in one for one in scans)


def test_a_session_alone_has_the_same_files(run: Run, played: Callable[[date, date], Run]) -> None:
    alone = played(DAYS[1], DAYS[1])
    names = alone.columnar()
    assert len(names) == 4
    for name in names:
        assert alone.bytes(name) == run.bytes(name), name


def test_folders_join_by_copying(
    run: Run, played: Callable[[date, date], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in DAYS:
        alone = played(day, day)
        for name in alone.columnar():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(alone.bytes(name))
    monkeypatch.chdir(tmp_path)
    joined = pl.read_parquet("hits/*.parquet")
    assert joined.equals(RunFiles.open(run.folder).read("hits"))


def _by_symbol(bars: pl.DataFrame) -> dict[str, list[tuple[datetime, float, float, float]]]:
    """Each symbol's bars as end, high, low, close."""
    found = defaultdict(list)
    for symbol, start, _, high, low, close, _ in bars.sort("ts").iter_rows():
        found[symbol].append((start + timedelta(minutes=1), high, low, close))
    return found


def _episodes(run: Run, day: date, bars: dict[str, list[tuple[datetime, float, float, float]]]) -> list[Row]:
    hits: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in _rows(run, "hits"):
        hits[row["scan_at"], row["scanner"], row["phase"]].append(row)
    events = [json.loads(line) for line in run.lines("journal.jsonl")]
    events = [event for event in events if event["session"] == str(day)]
    unknown = [row for row in _rows(run, "unknown") if row["session"] == str(day)]
    close = _instant(next(event["closes_at"] for event in events if event["event"] == "session_prepared"))
    opens = _instant(next(event["opens_at"] for event in events if event["event"] == "session_prepared"))
    assert close is not None and opens is not None
    lists: dict[str, dict[str, Row]] = defaultdict(dict)
    stays: dict[tuple[str, str], int] = defaultdict(int)
    last_ok: dict[str, str] = {}
    last: dict[str, str] = {}
    removed: set[tuple[str, str]] = set()
    done: list[Row] = []
    for event in events:
        if event["event"] == "symbols_removed":
            removed |= {(event["holder"].removeprefix("scanner:"), symbol) for symbol in event["symbols"]}
        if event["event"] != "scan_finished":
            continue
        scanner, at = event["scanner"], event["at"]
        last[scanner] = at
        if event.get("outcome", "ok") != "ok":
            continue
        last_ok[scanner] = at
        now = {row["symbol"]: row for row in hits[at, scanner, event.get("phase", "regular")]}
        current = lists[scanner]
        for symbol in [one for one in current if one not in now]:
            is_unknown = any(
                (row["scanner"], row["symbol"]) == (scanner, symbol)
                and row["phase"] == event.get("phase", "regular")
                and row["from"] <= at <= row["to"]
                for row in unknown
            )
            why = "unknown" if is_unknown else "removed" if (scanner, symbol) in removed else "left"
            done.append({**current.pop(symbol), "left": _instant(at), "why": why})
        removed = {pair for pair in removed if pair[0] != scanner}
        for symbol, row in now.items():
            if symbol not in current:
                stays[scanner, symbol] += 1
                current[symbol] = _begun(day, row, stays[scanner, symbol])
            stay = current[symbol]
            stay["scans"] += 1
            stay["last_rank"] = int(row["rank"])
            stay["best_rank"] = min(stay["best_rank"], int(row["rank"]))
    for scanner, current in lists.items():
        is_closing = _instant(last[scanner]) >= close  # type: ignore[operator]
        left, why = (None, "close") if is_closing else (_instant(last_ok[scanner]), "scanner_ended")
        done += [{**stay, "left": left, "why": why} for stay in current.values()]
    for stay in done:
        _add_prices(stay, [bar for bar in bars[stay["symbol"]] if bar[0] > opens], stay["left"] or close)
    done.sort(
        key=lambda one: (
            *(one["entered"], one["phase"] != "pre_session", one["scanner"], one["first_rank"]),
            one["symbol"],
        )
    )
    return done


def _begun(day: date, row: Row, episode: int) -> Row:
    rank = int(row["rank"])
    return {
        "session": day,
        "scanner": row["scanner"],
        "symbol": row["symbol"],
        "episode": episode,
        "new": episode == 1,
        "phase": row["phase"],
        "entered": _instant(row["scan_at"]),
        "scans": 0,
        "first_rank": rank,
        "best_rank": rank,
        "last_rank": rank,
        "price": _number(row["price"]),
        "values": None if row["metadata"] == "{}" else row["metadata"],
    }


def _add_prices(stay: Row, bars: list[tuple[datetime, float, float, float]], until: datetime) -> None:
    within = [bar for bar in bars if stay["entered"] < bar[0] <= until]
    stay["price_end"] = within[-1][3] if within else stay["price"]
    for name, best, place in (("highest", max, 1), ("lowest", min, 2)):
        price = best(bar[place] for bar in within) if within else None
        stay[name] = price
        stay[f"{name}_pct"] = (
            None if price is None or not stay["price"] else 100 * (price / stay["price"] - 1)
        )
