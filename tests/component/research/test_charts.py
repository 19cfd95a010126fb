"""Charts: the values they draw against the run's own files, and what cannot be drawn."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair
import polars as pl
import pytest

from component.runs.conftest import DAYS, SYMBOLS, bars, store
from support.runs import make_store
from symscan.config import parse_config
from symscan.errors import DataError, InputError
from symscan.observers.results.run_progress import RunProgress
from symscan.research.charts import scanner_chart
from symscan.research.run import Run
from symscan.runs.reading import RunFiles
from symscan.runtime.backtest_run import BacktestRun, RunOptions

__all__ = ["bars", "store"]

ZONE = ZoneInfo("America/New_York")


def _played(folder: Path, store: Path) -> RunFiles:
    (folder / "six.txt").write_text("\n".join(SYMBOLS) + "\n")
    screen = {
        "name": "above",
        "universe": "./six.txt",
        "where": "close > vwap AND rsi_14_5m > 40 AND close > sma_5_5m",
        "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
    }
    text = json.dumps({"session_data_config": {"scanners": [screen]}})
    config = parse_config(text, str(folder / "session.json"))
    run = BacktestRun.of(config, store, DAYS[0], DAYS[1])
    run.play(RunOptions(folder / "run"), _quietly)
    return RunFiles.open(folder / "run")


def _quietly(_: Any, __: RunProgress) -> Any:
    from contextlib import nullcontext

    return nullcontext(lambda *_: None)


@pytest.fixture(scope="module")
def files(store: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFiles:
    return _played(tmp_path_factory.mktemp("charts"), store)


@pytest.fixture(scope="module")
def drawn(files: RunFiles) -> dict[str, Any]:
    chart: dict[str, Any] = Run(files).chart("AAA", DAYS[1]).to_dict()
    return chart


def _data(chart: dict[str, Any], column: str, **row: str) -> pl.DataFrame:
    """The rows of the data set that has a column, and a row with certain values."""
    for rows in chart["datasets"].values():
        if rows and column in rows[0] and all(rows[0].get(key) == value for key, value in row.items()):
            return pl.DataFrame(rows)
    raise AssertionError(f"nothing drawn has {column} and {row}")


def _local(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(ZONE.key).dt.to_string("%Y-%m-%dT%H:%M:%SZ")


def test_candles_are_those_of_the_bars(drawn: dict[str, Any], bars: pl.DataFrame) -> None:
    minutes = bars.filter(pl.col("symbol") == "AAA", pl.col("ts").dt.date() == DAYS[1])
    local = minutes.with_columns(pl.col("ts").dt.convert_time_zone(ZONE.key).dt.replace_time_zone(None))
    regular = local.filter(pl.col("ts").dt.time() >= pl.time(9, 30)).sort("ts")
    candles = regular.group_by_dynamic("ts", every="5m").agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()
    )
    shown = _data(drawn, "high")
    assert shown["start"].to_list() == candles["ts"].dt.to_string("%Y-%m-%dT%H:%M:%SZ").to_list()
    for name in ("open", "high", "low", "close"):
        assert shown[name].to_list() == pytest.approx(candles[name].to_list(), abs=6e-5)


def test_indicators_are_those_that_the_scanner_saw(files: RunFiles, drawn: dict[str, Any]) -> None:
    """Every value of a hit is on the line, at the instant of its scan."""
    day = pl.col("scan_at").dt.date() == DAYS[1]
    hits = files.collect(files.values("above").filter(day, pl.col("symbol") == "AAA"))
    assert hits.height > 5
    for name in ("vwap", "rsi_14_5m", "sma_5_5m"):
        line = _data(drawn, "value", name=name)
        values = dict(line.select("end", "value").iter_rows())
        for at, value in hits.select(_local("scan_at"), name).iter_rows():
            assert values[at] == pytest.approx(value), (name, at)


def test_lanes_are_the_stays(files: RunFiles, drawn: dict[str, Any]) -> None:
    stays = files.read("episodes").filter(session=DAYS[1], symbol="AAA", scanner="above")
    lanes = _data(drawn, "scanner")
    on_list = lanes.filter(what="on the list")
    assert on_list["entered"].to_list() == stays.select(_local("entered"))["entered"].to_list()
    left = stays.select(_local("left").fill_null(f"{DAYS[1]}T16:00:00Z"))["left"].to_list()
    assert on_list["left"].to_list() == left
    unknown = files.read("unknown").filter(session=DAYS[1], symbol="AAA", scanner="above")
    assert lanes.height == stays.height + unknown.height


def test_the_close_before_is_a_level(files: RunFiles, drawn: dict[str, Any]) -> None:
    hits = files.read("hits").filter(session=DAYS[1], symbol="AAA")
    level = _data(drawn, "value", name="previous close")
    assert level["value"].to_list() == [pytest.approx(hits["previous_close"][0])]


def test_a_scanners_entries_are_counted(files: RunFiles) -> None:
    chart = scanner_chart(files, "above").to_dict()
    assert _data(chart, "entries")["entries"].sum() == files.read("episodes").height
    assert chart["title"] == f"above: {files.read('episodes').height} stays, 6 symbols"


def _without_namespaces(shown: dict[str, str]) -> str:
    return re.sub(r'xmlns(:\w+)?="[^"]*"', "", shown["image/svg+xml"])


def test_charts_show_and_save_themselves(files: RunFiles, tmp_path: Path) -> None:
    chart = scanner_chart(files, "above")
    shown = chart._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg") and "http" not in _without_namespaces(shown)
    assert chart.properties(title="mine")._repr_mimebundle_().keys() == shown.keys()
    with altair.renderers.enable("mimetype"):
        assert "image/svg+xml" not in chart._repr_mimebundle_()[0]
    chart.save(str(tmp_path / "chart.svg"))
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert chart.to_dict()["config"]["background"] == "transparent"


@pytest.mark.parametrize(
    ("symbol", "day", "message"),
    [
        ("AAB", DAYS[0], "has no bars of 'AAB'; did you mean 'AAA'"),
        ("AAA", "2018-02-20", r"the run has no session of 2018-02-20 \(it has 2018-02-26 to 2018-02-27\)"),
        ("AAA", "yesterday", "'yesterday' is not a date; write it as 2018-02-20"),
    ],
)
def test_what_cannot_be_drawn(files: RunFiles, symbol: str, day: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Run(files).chart(symbol, day)


def test_a_scanner_that_is_none(files: RunFiles) -> None:
    with pytest.raises(InputError, match=r"no scanner 'abov' in the run; did you mean 'above'\?"):
        scanner_chart(files, "abov")


def test_without_altair_it_says_how_to_get_it(files: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(
        InputError, match=r"charts need altair; install it with: pip install 'symscan\[report\]'"
    ):
        scanner_chart(files, "above")


def test_a_store_that_has_changed_is_named(tmp_path: Path, bars: pl.DataFrame) -> None:
    store = make_store(tmp_path / "first", {"1m": bars})
    files = _played(tmp_path, store)
    later = bars.with_columns(pl.col("close") * 1.0001)
    other = make_store(tmp_path / "second", {"1m": later})
    with pytest.raises(
        DataError, match=r"the store has changed since the run in .*: the bars 1m/2018-02-26 are others"
    ):
        Run(files).chart("AAA", DAYS[0], store=other)
    store.rename(tmp_path / "gone")
    with pytest.raises(DataError, match="there is no bar store here"):
        Run(files).chart("AAA", DAYS[0])
    assert Run(files).chart("AAA", DAYS[0], store=tmp_path / "gone") is not None


def test_a_run_draws_reports_and_exports_itself(files: RunFiles, tmp_path: Path) -> None:
    run = Run(files)
    assert run.chart("AAA", str(DAYS[1])).to_dict()["title"] == f"AAA {DAYS[1]}, America/New_York"
    assert run.chart_scanner("above").to_dict()["title"].startswith("above: ")
    page = run.report(tmp_path / "page.html", start=DAYS[1], top=3)
    assert page.read_text().count('class="s"') == 3
    assert run.report() == files.folder / "report.html"
    assert run.export(tmp_path / "hits.csv").read_text().startswith("session,scan_at,scan_at_local,")
    listed = run.export(tmp_path / "list.txt", format="universe", scanner="above", sessions_ahead=1)
    assert listed.read_text().startswith(f"# as_of: {DAYS[1]}\n")
