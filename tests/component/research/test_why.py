"""``symscan why`` and ``near``: against a few lines of polars over the bars, and the same with a ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from support.cli import DAY, Ended, call, write_bars

BEFORE = "2026-01-14"
STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
DRIFTS = {"AAA": 0.1, "BBB": -0.05, "CCC": 0.2, "DDD": 0.01}
WHERE = "change_pct > AVG(change_pct) - 1 AND close > vwap AND (volume > 20000 OR close < 101)"
WHERE += " AND NOT close > 107"
JUDGING = """
from symscan import BaseScanner

class Scanner(BaseScanner):
    def setup(self, context):
        self._load_universe()
        return True

    def scan(self, context):
        if context.current_time.minute == 45:
            raise LookupError("no data")
        view = context.session_data
        up = context.judge("close", ">", 101)
        return up.result(rank=view.column("close"), take=1)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    write_bars(folder / "bars.csv", DRIFTS, [BEFORE, DAY])
    (folder / "four.txt").write_text("AAA\nBBB\nCCC\nDDD\nNONE\n")
    (folder / "two.csv").write_text("symbol,from,to\nAAA,,2026-01-15\nBBB,2026-01-15,\n")
    (folder / "judging.py").write_text(JUDGING)
    window = [{"start": "09:35", "end": "10:10", "interval": "5m"}]
    hot = {"name": "hot", "universe": "four.txt", "where": WHERE, "rank": "change_pct", "take": 2}
    dated = {"name": "dated", "universe": "two.csv", "where": "close > 0"}
    on_list = {
        "name": "listed",
        "universe": {"found_by": "hot"},
        "where": "in_scanner('hot') AND close > last_scan.close",
    }
    code = {"module": "judging", "config": {"universe": "four.txt"}}
    scanners = [{**one, "regular_session": window} for one in (hot, dated, on_list, code)]
    whole = {"name": "why", "session_data_config": {"scanners": scanners}}
    (folder / "why.json").write_text(json.dumps(whole))
    return folder


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(project)
    if not Path("store").exists():
        assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
        for level in ("none", "near", "full"):
            played = call(capsys, *_run("--explain", level, "--out", f"runs/{level}"))
            assert played.code == 0, played
    return Path("runs/none")


def _run(*more: str) -> tuple[str, ...]:
    return ("run", "why.json", "--store", "store", "--date", DAY, *more)


def _expected() -> pl.DataFrame:
    """Every clause of ``hot`` at every scan, from the bars alone."""
    bars = pl.read_csv("bars.csv", try_parse_dates=True)
    last = (
        bars.filter(pl.col("date") == pl.lit(BEFORE).str.to_date())
        .group_by("symbol")
        .agg(previous=pl.col("close").last())
    )
    today = bars.filter(pl.col("date") == pl.lit(DAY).str.to_date()).with_columns(
        minute=pl.int_range(pl.len()).over("symbol")
    )
    typical = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
    scans = []
    for minutes in range(5, 41, 5):
        seen = (
            today.filter(pl.col("minute") < minutes)
            .group_by("symbol")
            .agg(
                minutes=pl.lit(minutes),
                close=pl.col("close").last(),
                volume=pl.col("volume").sum(),
                vwap=(typical * pl.col("volume")).sum() / pl.col("volume").sum(),
            )
        )
        change = 100 * (pl.col("close") / pl.col("previous") - 1)
        scans.append(
            seen.join(last, on="symbol")
            .with_columns(change=change)
            .with_columns(mean=pl.col("change").mean() - 1)
            .with_columns(
                a=pl.col("change") > pl.col("mean"),
                b=pl.col("close") > pl.col("vwap"),
                c=(pl.col("volume") > 20_000) | (pl.col("close") < 101),
                d=pl.col("close") <= 107,
            )
        )
    return pl.concat(scans)


@pytest.mark.parametrize("symbol", DRIFTS)
def test_values_margins_and_verdicts_equal_polars(run: Path, symbol: str) -> None:
    found = symscan.open_run(run).why(symbol, scanner="hot").frame
    rows = _expected().filter(symbol=symbol).sort("minutes").rows(named=True)
    assert len(rows) == 8
    for number, row in enumerate(rows):
        scan = found.filter(pl.col("scan_at") == found["scan_at"].unique().sort()[number])
        one = {
            clause: tuple(rest)
            for clause, *rest in scan["clause", "value", "limit", "margin", "holds"].rows()
        }
        change, limit = row["change"], row["mean"]
        assert one["change_pct > AVG(change_pct) - 1"] == (
            pytest.approx(change, rel=1e-9), pytest.approx(limit, rel=1e-9),
            pytest.approx(change - limit, abs=1e-9), _word(row["a"]),
        )  # fmt: skip
        assert one["close > vwap"][2:] == (
            pytest.approx(row["close"] - row["vwap"], abs=1e-9),
            _word(row["b"]),
        )
        assert one["(volume > 20000 OR close < 101)"][-1] == _word(row["c"])
        assert one["NOT close > 107"] == (
            row["close"],
            107.0,
            pytest.approx(107 - row["close"]),
            _word(row["d"]),
        )
        is_found = row["a"] and row["b"] and row["c"] and row["d"]
        assert (one["take 2"][-1] is not None) is is_found
        assert (scan["verdict"][0] in ("hit", "below take")) is is_found


def _word(holds: bool) -> str:
    return "true" if holds else "false"


def test_near_misses_equal_polars(run: Path) -> None:
    near = symscan.open_run(run).near("hot", at="10:00").filter(holds="false", kind="where")
    truth = [pl.col(name).not_().cast(pl.Int8) for name in "abcd"]
    rows = _expected().filter(minutes=30).with_columns(missed=pl.sum_horizontal(truth)).filter(missed=1)
    assert sorted(near["symbol"]) == sorted(rows["symbol"])


QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("why", "AAA", "--at", "10:00"),
    ("why", "CCC"),
    ("why", "AAA", "--json"),
    ("why", "NONE", "--csv", "--scanner", "hot"),
    ("why", "--clauses", "hot", "--at", "10:00"),
    ("why", "--clauses", "judging", "--json"),
    ("near", "--at", "10:00"),
    ("near", "--scanner", "hot", "--csv", "--most", "3"),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_the_answer_has_the_same_bytes_with_and_without_a_ledger(
    run: Path, capsys: pytest.CaptureFixture[str], question: tuple[str, ...]
) -> None:
    command, *more = question
    played = call(capsys, command, str(run), *more)
    assert (played.code, played.err) == (0, "")
    assert played.out
    for level in ("near", "full"):
        assert call(capsys, command, f"runs/{level}", *more) == played
    assert call(capsys, command, "runs/full", *more, "--replay") == played
    of_config = call(capsys, command, "why.json", "--date", DAY, "--store", "store", *more)
    assert of_config == played


def test_the_ledger_alone_differs(run: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        names = sorted(path for path in folder.rglob("*.parquet") if path.parent.name != "ledger")
        return {str(path.relative_to(folder)): path.read_bytes() for path in names}

    assert not (run / "ledger").exists()
    assert files(run) == files(Path("runs/full"))
    sizes = [
        (Path("runs") / level / "ledger" / f"{DAY}.parquet").stat().st_size for level in ("near", "full")
    ]
    assert sizes[0] < sizes[1]


MISTAKES = {
    "why runs/none ZZZ": "ZZZ is no candidate of 'hot', 'listed', 'judging': it is not in four; ",
    "why runs/full aaa --scanner hot": "it is not in four; 'AAA' is: did you mean that?",
    "why runs/full AAA --scanner dated": f"it is not in two on {DAY} (it is until {DAY})",
    "why runs/none AAA --at 10:01": "there is no scan at 10:01 on 2026-01-15; the nearest are at 10:00 and",
    "why runs/full AAA --at 9:45 --scanner judging": "the scan at 09:45 failed: judging.py:11:",
    "why runs/none AAA --scanner cold": "there is no scanner 'cold' (there are: hot, dated, listed, judging)",
    "why runs/none AAA --date 2026-01-16": "the run has no session of 2026-01-16; the nearest is 2026-01-15",
    "why runs/none": "give a symbol, as in 'symscan why RUN AAPL', or --clauses and a scanner's name",
    "why nowhere AAA": "nowhere: there is no such run and no such configuration",
    "why why.json AAA --store store": "say with --date which session is asked about",
    "near runs/none --store gone": "gone: there is no bar store here",
    "near runs/none --at close": "there is no scan at the close on 2026-01-15",
    f"run why.json --store store --date {DAY} --explain much": "expected one of none, near, full",
}


@pytest.mark.parametrize("line", MISTAKES)
@pytest.mark.usefixtures("run")
def test_mistakes_are_named(capsys: pytest.CaptureFixture[str], line: str) -> None:
    ended = call(capsys, *line.split())
    assert ended.code == 2, ended
    assert MISTAKES[line] in ended.err


def test_the_close_is_the_scan_at_its_minute_where_none_is_after_it(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del run
    window = [{"start": "15:55", "end": "16:00", "interval": "5m"}]
    late = {"name": "late", "universe": "four.txt", "where": "close > 101", "regular_session": window}
    Path("late.json").write_text(json.dumps({"name": "late", "session_data_config": {"scanners": [late]}}))
    at_the_close, at_its_minute = (
        call(capsys, "why", "late.json", "AAA", "--date", DAY, "--store", "store", "--at", at)
        for at in ("close", "16:00")
    )
    assert at_the_close == at_its_minute
    assert at_the_close.code == 0


def test_a_run_that_is_not_found_again_says_where(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def spoil(record: dict[str, Any]) -> None:
        record["environment"]["store"] = str(tmp_path / "moved")

    copied = _copy(run, tmp_path / "other")
    hits = copied / "hits" / f"{DAY}.parquet"
    pl.read_parquet(hits)[1:].write_parquet(hits)
    ended = call(capsys, "why", str(copied), "AAA")
    assert ended.code == 1
    assert "its hits are not found again: at 2026-01-15 09:35" in ended.err
    assert "run it anew, and ask about that" in ended.err
    record = json.loads((copied / "run.json").read_text())
    spoil(record)
    (copied / "run.json").write_text(json.dumps(record))
    ended = call(capsys, "why", str(copied), "AAA")
    assert (ended.code, "say with --store where it is" in ended.err) == (2, True)


def test_a_damaged_ledger_is_named(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copied = _copy(run.parent / "full", tmp_path / "damaged")
    ledger = copied / "ledger" / f"{DAY}.parquet"
    ledger.write_bytes(ledger.read_bytes()[:100])
    ended = call(capsys, "near", str(copied))
    assert (ended.code, f"{ledger}: the ledger is damaged" in ended.err) == (2, True)
    ledger.unlink()
    assert call(capsys, "near", str(copied)) == call(capsys, "near", str(run))


def _copy(folder: Path, to: Path) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            target = to / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return to


def test_who_was_on_no_list_is_told_so(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*more: str) -> Ended:
        return call(capsys, "why", str(run), *more, "--scanner", "listed")

    assert "it is in four, but was never on the list of 'hot', which it evaluates" in said("NONE").err
