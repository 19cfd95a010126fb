"""The report: its numbers against the run's own files, its page against hostile names."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from component.runs.conftest import DAYS, HOSTILE, bars, played, run, store
from support.runs import Run
from symscan.errors import DataError, InputError
from symscan.research.charts import scanner_chart
from symscan.research.report import ReportOptions, make_report
from symscan.research.report.entry_values import thresholds
from symscan.research.report.markup import block, text
from symscan.research.report.page import page
from symscan.research.run import open_run
from symscan.runs.differences import compare_runs
from symscan.runs.export import ExportOptions, export
from symscan.runs.reading import RunFiles

__all__ = ["bars", "played", "run", "store"]

ZONE = ZoneInfo("America/New_York")
EVIL = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&\x07"


@pytest.fixture(scope="module")
def record(run: Run) -> dict[str, Any]:
    return make_report(RunFiles.open(run.folder)).record


def _minutes(instant: str) -> str:
    """The quarter of an hour of an instant on the exchange's clock."""
    at = pl.Series([instant]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")[0].astimezone(ZONE)
    return f"{at.hour:02}:{at.minute // 15 * 15:02}"


def test_figures_are_those_of_the_files(run: Run, record: dict[str, Any]) -> None:
    scans, stays = run.table("scans"), run.table("episodes")
    assert record["figures"] == {
        "sessions": 2,
        "scans": scans.height,
        "scans_not_ok": sum(outcome != "ok" for outcome in scans["outcome"]),
        "hits": run.hits.height,
        "stays": stays.height,
        "first": run.hits["new"].sum(),
        "symbols": len(set(run.hits["symbol"])),
        "median_scans": stays["scans"].median(),
        "unknown_pct": round(100 * scans["unknown"].sum() / (scans["unknown"] + scans["judged"]).sum(), 2),
    }


@pytest.mark.parametrize("scanner", [HOSTILE, "above", "never"])
def test_a_scanners_drawings_are_those_of_the_files(run: Run, record: dict[str, Any], scanner: str) -> None:
    (of,) = [one for one in record["scanners"] if one["name"] == scanner]
    stays = run.table("episodes").filter(scanner=scanner)
    entries = {(one["at"], kind): one[kind] for one in of["entries"] for kind in ("first", "again")}
    counted: dict[tuple[str, str], int] = dict.fromkeys(entries, 0)
    for entered, new in stays.select("entered", "new").iter_rows():
        counted[_minutes(entered), "first" if new else "again"] += 1
    assert entries == counted
    assert sum(one["stays"] for one in of["lengths"]) == stays.height == of["stays"]
    assert sum(of["why"].values()) == stays.height
    unknown = run.table("unknown").filter(scanner=scanner)
    counts = dict(unknown.group_by("reason").agg(pl.col("scans").sum()).iter_rows())
    assert {one["reason"]: one["count"] for one in of["unknown"]["reasons"]} == counts
    ok = run.table("scans").filter(scanner=scanner, outcome="ok")
    for day, row in zip(of["found"]["sessions"], of["found"]["mean"], strict=True):
        for at, mean in zip(of["found"]["at"], row, strict=True):
            found = [
                count
                for scan_at, count in ok.filter(session=day).select("scan_at", "found").iter_rows()
                if _minutes(scan_at) == at
            ]
            assert mean == (round(sum(found) / len(found), 2) if found else None)


def _reentries(run: Run, scanner: str) -> int:
    """How many stays began within three scans after the end of the one before, by a plain loop."""
    count = 0
    for day in DAYS:
        scans = run.table("scans").filter(scanner=scanner, outcome="ok", session=str(day))["scan_at"]
        order = {at: number for number, at in enumerate(dict.fromkeys(scans))}
        left: dict[str, str] = {}
        for stay in run.table("episodes").filter(scanner=scanner, session=str(day)).iter_rows(named=True):
            before = left.get(stay["symbol"])
            count += before is not None and order[stay["entered"]] - order[before] < 3
            left[stay["symbol"]] = stay["left"]
    return count


@pytest.mark.parametrize("scanner", [HOSTILE, "above"])
def test_who_comes_back_at_once_is_counted(run: Run, record: dict[str, Any], scanner: str) -> None:
    (of,) = [one for one in record["scanners"] if one["name"] == scanner]
    share = 100 * _reentries(run, scanner) / run.table("episodes").filter(scanner=scanner).height
    assert share > 0
    assert of["flicker_pct"] == pytest.approx(share, abs=0.006)


def test_overlap_is_that_of_the_hits(run: Run, record: dict[str, Any]) -> None:
    found = {
        name: set(run.hits.filter(scanner=name).select("session", "symbol").iter_rows())
        for name in (HOSTILE, "above", "never")
    }
    names = list(found)
    assert record["overlap"]["scanners"] == names
    assert record["overlap"]["pct"] == [
        [round(100 * len(found[a] & found[b]) / len(found[a]), 1) if found[a] else None for b in names]
        for a in names
    ]
    (lead,) = record["overlap"]["lead"]
    first = {
        name: {
            (day, symbol): at
            for day, symbol, at in run.hits.filter(scanner=name)
            .sort("scan_at", descending=True)
            .select("session", "symbol", "scan_at")
            .iter_rows()
        }
        for name in names[:2]
    }
    common = first[HOSTILE].keys() & first["above"].keys()
    assert lead["both"] == len(common)
    assert lead["a_first"] == sum(first[HOSTILE][one] < first["above"][one] for one in common)
    assert lead["b_first"] == sum(first[HOSTILE][one] > first["above"][one] for one in common)


def test_the_best_stays_are_the_highest(run: Run, record: dict[str, Any]) -> None:
    best: dict[tuple[str, str], float] = {}
    episodes = pl.read_parquet(run.folder / "episodes" / "*.parquet").drop_nulls("highest_pct")
    for stay in episodes.iter_rows(named=True):
        key = (str(stay["session"]), stay["symbol"])
        best[key] = max(stay["highest_pct"], best.get(key, -100.0))
    shown = [(one["session"], one["symbol"], one["highest_pct"]) for one in record["best"]["stays"]]
    assert len(shown) == len(best)
    assert {(day, symbol): pct for day, symbol, pct in shown} == best
    assert [pct for *_, pct in shown] == sorted(best.values(), reverse=True)


def test_values_at_entry_are_those_of_the_stays(run: Run, record: dict[str, Any]) -> None:
    (of,) = [one for one in record["scanners"] if one["name"] == "above"]
    given = [json.loads(one) for one in run.table("episodes").filter(scanner="above")["values"]]
    (vwap,) = [one for one in of["values"] if one["name"] == "vwap"]
    assert vwap["count"] == sum(vwap["counts"]) == sum(one["vwap"] is not None for one in given)
    assert vwap["median"] == pytest.approx(pl.Series([one["vwap"] for one in given]).median(), rel=1e-5)


def test_scans_that_were_not_ok_are_counted_by_cause(run: Run, record: dict[str, Any]) -> None:
    failed = run.table("scans").filter(pl.col("outcome") != "ok")
    causes: dict[tuple[str, str, str], list[str]] = {}
    for scanner, outcome, error, at in failed.select("scanner", "outcome", "error", "scan_at").iter_rows():
        causes.setdefault((scanner, outcome, error), []).append(at)
    assert causes
    most = record["failures"]["most"]
    assert {(one["scanner"], one["outcome"], one["error"]): one["count"] for one in most} == {
        cause: len(times) for cause, times in causes.items()
    }
    assert record["failures"]["count"] == failed.height
    first = pl.Series([min(at for times in causes.values() for at in times)]).str.to_datetime()[0]
    assert min(one["first"] for one in most) == f"{first.astimezone(ZONE):%Y-%m-%d %H:%M}"


def test_sessions_may_be_chosen(run: Run) -> None:
    opened = RunFiles.open(run.folder)
    one = make_report(opened, ReportOptions(first=DAYS[1], last=DAYS[1])).record
    assert one["run"]["sessions"] == [str(DAYS[1])]
    assert one["figures"]["hits"] == run.hits.filter(session=str(DAYS[1])).height
    with pytest.raises(InputError, match=r"no session from 2019-01-01 \(it has 2018-02-26 to 2018"):
        make_report(opened, ReportOptions(first=date(2019, 1, 1)))


def test_the_same_run_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    copied = shutil.copytree(run.folder, tmp_path / "copied")
    first, second = (
        make_report(RunFiles.open(one)).write(tmp_path / f"{number}.html")
        for number, one in enumerate((run.folder, copied))
    )
    assert first.read_bytes() == second.read_bytes()
    assert make_report(RunFiles.open(copied)).write() == copied / "report.html"
    assert first.stat().st_size < 200_000


class _Page(HTMLParser):
    """Collects elements and attributes, and checks that what is opened is closed."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(content)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _spoiled(value: Any, key: str = "") -> Any:
    """A record with hostile text wherever there is text."""
    if isinstance(value, dict):
        return {name: _spoiled(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_spoiled(one, key) for one in value]
    return EVIL if isinstance(value, str) and not key.endswith("_local") else value


def test_hostile_names_are_text(record: dict[str, Any]) -> None:
    plain, spoiled = _Page(page(record)), _Page(page(_spoiled(record)))
    assert spoiled.tags == plain.tags | {"pre"}
    assert spoiled.attributes == plain.attributes
    assert not spoiled.tags & {"script", "img", "iframe", "object", "link", "a"}
    assert not {one for one in spoiled.attributes if one.startswith("on")}
    assert any("<script>alert('x')" in one for one in spoiled.texts)


def test_nothing_is_loaded_from_elsewhere(record: dict[str, Any]) -> None:
    content = page(record)
    assert "default-src 'none'" in content
    assert not re.search(r"https?:|@import|url\(|src=|href=", content)


def test_texts_are_escaped_once() -> None:
    assert text("a<b & \"c\" 'd'\n\x00\u202e") == "a&lt;b &amp; &quot;c&quot; &#x27;d&#x27;\ufffd\ufffd\ufffd"
    assert len(text("x" * 1000)) == 401
    assert block("a\n<b>\r\n\tc") == "<pre>a\n&lt;b&gt;\n c</pre>"


def test_thresholds_are_read_from_a_condition() -> None:
    where = "rsi_14_5m > 70 AND volume_ratio>=1.5 AND 'x > 3' = name AND close > vwap AND change_pct < -2 * 3"
    assert thresholds(where) == {"rsi_14_5m": [70.0], "volume_ratio": [1.5]}


@pytest.fixture
def emptied(run: Run, tmp_path: Path) -> Iterator[Path]:
    """A session that was broken off before it began: no sessions, no rows."""
    folder = Path(shutil.copytree(run.folder, tmp_path / "empty"))
    for name in ("scans.csv", "unknown.csv"):
        (folder / name).write_text((folder / name).read_text().splitlines()[0] + "\n")
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, "sessions": [], "status": "failed"}))
    yield folder


def test_an_empty_run_is_reported_as_such(emptied: Path) -> None:
    content = make_report(RunFiles.open(emptied)).html()
    said = " ".join(_Page(content).texts)
    assert "no session" in said
    assert "None: nothing was found." in said
    assert "The run is failed" in said


def test_an_empty_run_is_exported_drawn_and_compared(emptied: Path, run: Run) -> None:
    opened = RunFiles.open(emptied)
    assert export(opened, ExportOptions()) == run.bytes("hits.csv").split(b"\n")[0] + b"\n"
    with pytest.raises(InputError, match="no symbol was on the list of any scanner at its last scan"):
        export(opened, ExportOptions(format="universe"))
    with pytest.raises(InputError, match=r"no session of 2018-02-26 \(it has none\)"):
        open_run(emptied).chart("AAA", DAYS[0])
    assert "0 stays" in scanner_chart(opened, "above").to_dict()["title"]
    found = compare_runs(RunFiles.open(run.folder), opened)
    assert (found.any, found.sessions, found.sessions_only_a) == (True, (), DAYS)


def test_a_scanner_without_hits_says_why(record: dict[str, Any]) -> None:
    (never,) = [one for one in record["scanners"] if one["name"] == "never"]
    said = " ".join(_Page(page(record)).texts)
    assert f"none of {never['scans']:,} scans found anything" in said
    assert "Without candles: the store was not found" in said


def test_a_damaged_page_of_hits_is_named(run: Run, tmp_path: Path) -> None:
    """The page is made of other files; what cannot be read of the run is said all the same."""
    copied = tmp_path / "copied"
    shutil.copytree(run.folder, copied)
    path = copied / "hits" / f"{DAYS[1]}.parquet"
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(content)
    opened = RunFiles.open(copied)
    with pytest.raises(DataError, match=rf"{path.name}: the file is damaged \("):
        make_report(opened)
    assert make_report(opened, ReportOptions(last=DAYS[0])).record["figures"]["sessions"] == 1
