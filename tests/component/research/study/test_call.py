"""Studies as a user makes them: files, options, runs that are played again, and wrong input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import symscan
from component.research.study.conftest import CONFIG, SCREEN, make
from component.runs.conftest import DAYS
from support.cli import call
from symscan.errors import InputError, RunError
from symscan.research.study.report.charts import hexagons
from symscan.research.study.report.fillable import fillable_sentence

FILES = {
    *("study.json", "hits.parquet", "summary.csv", "groups.csv", "sessions.csv", "unknown.csv"),
    *("curve.csv", "delays.csv", "matched_on_change.csv", "quantiles.csv", "tries.json"),
}
NOT_REPEATED = {"tries.json", "report.html"}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in NOT_REPEATED}


def _config(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "session.json"
    path.write_text(json.dumps({**CONFIG, **changes}))
    return str(path)


# -- what it says --------------------------------------------------------------------------------


def test_every_hit_is_known_or_has_a_reason(study: symscan.Study) -> None:
    assert study.hits.height > 20
    for row in study.summary.rows(named=True):
        name, hits = row["horizon"], study.hits
        known, why = hits[f"ret_{name}"].is_not_null(), hits[f"why_{name}"]
        assert row["n"] + row["n_unknown"] == hits.height
        assert row["n"] == known.sum()
        assert why.filter(~known).null_count() == 0
        assert set(why.filter(known).drop_nulls()) <= {"unmatched"}
        mfe, mae = hits[f"mfe_{name}"].drop_nulls(), hits[f"mae_{name}"].drop_nulls()
        assert (mfe >= 0).all() and (mae <= 0).all()
    assert "not_yet" in study.unknown.filter(pl.col("horizon") == "next_open")["reason"].to_list()


def test_the_headline_is_held_against_symbols_that_moved_as_much(store: Path, study: symscan.Study) -> None:
    other = make(store, match=["change", "volatility"])
    expected = other.summary.filter(pl.col("horizon") == "30m")
    same = ["n", "sessions", "n_unmatched", "mean_excess", "lo", "hi", "net"]
    assert study.matched_on_change.select(same).equals(expected.select(same))
    assert any("that had moved as much by the scan" in one for one in study.sentences)
    assert other.matched_on_change.is_empty()  # it is in the table already
    assert not any("moved as much" in one for one in other.sentences)


def test_the_headline_of_later_sessions_is_held_against_symbols_that_moved_as_much(store: Path) -> None:
    study = make(store, headline="next_open")
    expected = make(store, match=["change", "volatility"]).summary.filter(pl.col("horizon") == "next_open")
    assert study.matched_on_change["mean_excess"].equals(expected["mean_excess"])


@pytest.mark.slow
def test_placebo_markets_are_those_that_data_placebo_makes(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ["--start", str(DAYS[0]), "--end", str(DAYS[1]), "--no-page"]
    arguments = ["study", _config(tmp_path), *span, "--store", str(store)]
    done = call(capsys, *arguments, "--out", str(tmp_path / "one"), "--placebo", "2")
    assert done.code == 0, done.err
    found = symscan.open_study(tmp_path / "one").placebo
    assert found is not None and found["market"].to_list() == [1, 2]
    made = tmp_path / "market"
    assert call(capsys, "data", "placebo", "--store", str(store), "--out", str(made), "--seed", "2").code == 0
    expected = make(made).summary.filter(pl.col("horizon") == "30m")
    assert found.filter(pl.col("market") == 2)["mean_excess"].equals(expected["mean_excess"])
    assert found["mean_excess"].n_unique() == 2


def test_entered_hits_were_not_on_the_list_before(store: Path, study: symscan.Study) -> None:
    everything = make(store, hits="all")
    keys = ["session", "scan_at", "symbol"]
    entered = everything.hits.filter(pl.col("state") == "entered").select(keys)
    assert study.hits.select(keys).equals(entered)
    assert set(study.hits["state"]) == {"entered"}
    new = everything.hits.filter(pl.col("new")).select(keys)
    assert make(store, hits="new").hits.select(keys).equals(new)
    assert everything.hits.filter(pl.col("new"))["nth_today"].to_list() == [1] * new.height


def test_the_other_side_turns_signs(store: Path, study: symscan.Study) -> None:
    short = make(store, side="short").hits
    for name in ("5m", "close"):
        assert short[f"ret_{name}"].equals(-study.hits[f"ret_{name}"] + 0.0)
        assert short[f"excess_{name}"].equals(-study.hits[f"excess_{name}"] + 0.0)
        assert short[f"mfe_{name}"].equals(-study.hits[f"mae_{name}"] + 0.0)
        assert short[f"mae_min_{name}"].equals(study.hits[f"mfe_min_{name}"])


def test_another_horizon_changes_no_other_column(store: Path, study: symscan.Study) -> None:
    more = make(store, horizons=["close", "15m", "5m", "next_open", "30m"], headline="30m").hits
    same = [name for name in study.hits.columns if name != "flags"]  # which name each horizon's stale exits
    assert more.select(same).equals(study.hits.select(same))


def test_a_scanner_of_one_scan_enters_against_the_session_before(store: Path) -> None:
    once = {
        **SCREEN,
        "where": "close > 100",
        "take": 3,
        "regular_session": [{"start": "12:00", "end": "12:00"}],
    }
    config = {**CONFIG, "session_data_config": {"scanners": [once]}}
    everything = make(store, config, hits="all", horizons=["5m"]).hits
    listed = [set(everything.filter(pl.col("session") == day)["symbol"]) for day in DAYS]
    assert everything.filter(pl.col("session") == DAYS[0])["state"].null_count() == len(listed[0])
    later = everything.filter(pl.col("session") == DAYS[1])
    assert set(later.filter(pl.col("state") == "entered")["symbol"]) == listed[1] - listed[0]
    if listed[1] - listed[0]:
        assert set(make(store, config, horizons=["5m"]).hits["symbol"]) == listed[1] - listed[0]


def test_costs_are_beside_returns(store: Path) -> None:
    hits = make(store, spread=4, slippage_bps=1, commission_per_share=0.01).hits.drop_nulls("entry_price")
    expected = 4 + 2 + 2 * 1e4 * 0.01 / hits["entry_price"]
    assert (hits["cost_bp"] - expected).abs().max() < 1e-9  # type: ignore[operator]
    assert set(hits["spread_bp"]) == {4.0}


# -- files ---------------------------------------------------------------------------------------


def test_the_command_writes_what_python_writes(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = _config(tmp_path)
    span = ("--start", str(DAYS[0]), "--end", str(DAYS[1]))
    ended = call(capsys, "study", config, "--store", str(store), *span, "--no-page")
    assert ended.code == 0, ended.err
    folder = tmp_path / "studies" / f"mine-{DAYS[0]}_{DAYS[1]}"
    assert {path.name for path in folder.iterdir()} == FILES
    assert "above: " in ended.out and "per hit after 30 minutes against matched symbols" in ended.out
    assert "too few sessions for an interval" in ended.out
    here = make(store, config)
    assert _bytes(here.path) == _bytes(folder)
    again = call(capsys, "study", config, "--store", str(store), *span, "--no-page")
    assert (again.code, "exists; choose another --out" in again.err) == (2, True)
    forced = call(capsys, "study", config, "--store", str(store), *span, "--no-page", "--force")
    assert forced.code == 0
    assert "the first on 20" not in ended.out
    tried = [json.loads(line) for line in (tmp_path / "runs" / "tries.jsonl").read_text().splitlines()]
    assert len(tried) == 2
    assert json.loads((folder / "tries.json").read_text())["tries"] == 1  # the same scanner


@pytest.mark.slow
def test_the_page_has_its_verdict_and_no_script(study: symscan.Study, tmp_path: Path) -> None:
    page = study.report(tmp_path / "page.html").read_text()
    assert study.verdicts[0][:40] in page
    assert "<svg" in page
    assert not any(one in page for one in ("<script", "src=", "url(", "@import"))  # no request
    assert "://" not in page.replace("http://www.w3.org/", "")  # the names of SVG
    assert "above" in study._repr_html_()


def test_a_study_that_nobody_names_goes_with_its_object(store: Path) -> None:
    made = make(store, date=DAYS[0])
    folder = made.path
    assert folder.is_dir()
    del made
    assert not folder.exists()


def test_what_is_found_at_the_close_has_no_entry_in_a_study_of_the_session(store: Path) -> None:
    scanner = {**SCREEN, "at_close": True, "where": "close > 0"}
    study = make(store, {**CONFIG, "session_data_config": {"scanners": [scanner]}}, hits="all")
    for row in study.hits.filter(pl.col("phase") == "at_close").rows(named=True):
        assert row["entry_at"] is None
        assert {row[f"why_{name}"] for name in ("5m", "30m", "close", "next_open")} == {"at_close"}
    counted = study.unknown.filter(pl.col("horizon") == "close", pl.col("reason") == "at_close")["n"]
    assert counted.to_list() == [2 * 2]


def test_hits_of_whole_days_enter_in_the_first_bar_of_the_next_session(
    store: Path, bars: pl.DataFrame
) -> None:
    scanner = {"name": "day", "universe": "store", "where": "close > 0", "at_close": True}
    config = {**CONFIG, "study_config": {"match": []}, "session_data_config": {"scanners": [scanner]}}
    hits = make(store, config, hits="all", horizons=["1d"]).hits.filter(pl.col("session") == DAYS[0])
    opens = datetime(DAYS[1].year, DAYS[1].month, DAYS[1].day, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    regular = bars.filter(pl.col("ts") >= opens.astimezone(UTC)).sort("ts")
    first = regular.group_by("symbol").agg(pl.col("ts", "open", "volume").first())
    both = hits.join(first, on="symbol", how="inner")
    assert both.height > 3 and both["entry_at"].to_list() == both["ts"].to_list()
    assert both["ts"].n_unique() > 1  # not all of them trade in the first minute
    assert both["entry_price"].to_list() == both["open"].to_list()
    assert both["fillable_value"].to_list() == pytest.approx(
        both.select(0.05 * pl.col("open") * pl.col("volume")).to_series().to_list()
    )


# -- runs ----------------------------------------------------------------------------------------


def test_a_run_is_played_again(store: Path, tmp_path: Path, study: symscan.Study) -> None:
    run = symscan.run(CONFIG, store=store, start=DAYS[0], end=DAYS[1], out=tmp_path / "run", progress=False)
    of_run = run.study(page=False, progress=False)
    assert of_run.hits.equals(study.hits)
    folder = tmp_path / "run"
    hits = folder / "hits" / f"{DAYS[1]}.parquet"
    frame = pl.read_parquet(hits)
    of_two = frame.filter(pl.len().over("scan_at") == 2)["scan_at"][0]
    gone = frame.row(by_predicate=(pl.col("scan_at") == of_two) & (pl.col("rank") == 1), named=True)
    is_after = (pl.col("scan_at") == of_two) & (
        pl.col("rank") == 2
    )  # found without the first, it is the first
    fewer = frame.filter((pl.col("scan_at") != of_two) | is_after)
    fewer.with_columns(
        pl.when(is_after).then(1).otherwise("rank").cast(pl.Int32).alias("rank")
    ).write_parquet(hits)
    with pytest.raises(RunError) as caught:
        symscan.study(folder, page=False, progress=False, out=tmp_path / "none")
    assert f"'above' finds {gone['symbol']}, which it did not find then" in str(caught.value)
    assert str(DAYS[1]) in str(caught.value)
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_live_session_is_studied_by_its_files(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, folder = tmp_path / "store", tmp_path / "live"
    shutil.copytree(store, place)
    options = ("--source", "replay", "--date", str(DAYS[1]), "--speed", "max", "--store", str(place))
    config = _config(tmp_path, study_config={**CONFIG["study_config"], "horizons": ["5m", "30m", "close"]})
    assert call(capsys, "live", config, *options, "--out", str(folder), "--quiet").code == 0
    live = symscan.study(folder, page=False, progress=False)
    backtest = make(store, config, date=DAYS[1])
    kept = [name for name in backtest.hits.columns if name not in ("decided_at", "entry_age_min")]
    assert live.hits.select(kept).equals(backtest.hits.select(kept))
    assert live.summary.equals(backtest.summary)
    hits = folder / "hits" / f"{DAYS[1]}.parquet"
    fewer = pl.read_parquet(hits).filter(pl.col("rank") == 1)
    fewer.write_parquet(hits)  # what is in its files counts
    found = symscan.study(folder, page=False, progress=False, hits="all").hits
    assert found.select("scan_at", "symbol").equals(fewer.select("scan_at", "symbol"))


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(store: Path, tmp_path: Path) -> None:
    config = _config(tmp_path)
    assert _bytes(make(store, config, jobs=2).path) == _bytes(make(store, config).path)


# -- a holdout -----------------------------------------------------------------------------------


def test_a_holdout_is_not_looked_at_until_it_is_opened(store: Path) -> None:
    config = {**CONFIG, "backtest_config": {"start_date": str(DAYS[0]), "end_date": str(DAYS[1])}}
    config["study_config"] = {"holdout_from": str(DAYS[1])}
    before = symscan.study(config, store=store, page=False, progress=False)
    assert before.record["sessions"] == [str(DAYS[0])]
    assert set(before.hits["why_next_open"]) <= {"not_yet", "no_entry_bar"}
    assert before.hits["ret_1d"].null_count() == before.hits.height
    with pytest.raises(InputError, match="are a holdout, set aside"):
        make(store, config)
    opened = symscan.study(config, store=store, open_holdout=True, page=False, progress=False)
    assert opened.record["sessions"] == [str(DAYS[1])]
    with pytest.raises(InputError, match="there is no holdout to open"):
        make(store, open_holdout=True)


# -- wrong input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizons": ["30s"]}, 'horizons[0]: expected a horizon as "30m"'),
        ({"horizons": ["5m", "15m"]}, "the verdict is on one horizon"),
        (
            {"horizons": ["5m", "3d"], "headline": "5m"},
            "horizon 3d has no bars: 2018-02-27 is the last session",
        ),
        ({"horizons": ["390m"]}, "horizon 390m is as long as the session; use close"),
        ({"match": ["sector"]}, "'match' names 'sector', which is no column of the universe of 'above'"),
        ({"groups": ["size"]}, "'groups' names 'size'"),
        ({"scanners": "abov"}, "there is no scanner 'abov' in the configuration"),
        ({"placebo": -1}, "placebo: expected a number of markets, 0 or more, got -1"),
        ({"scanners": ["abov"]}, "there is no scanner 'abov' in the configuration (there are: above)"),
        ({"sides": "long"}, "unknown key 'sides'; did you mean 'side'?"),
        ({"date": "2018-02-26", "start": "2018-02-26"}, "--date plays one session"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_played(
    store: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        make(store, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "notes.txt").touch(), "'notes.txt' there is of no study"),
        (lambda folder: (folder / "study.json").unlink(), "it holds no study"),
    ],
)
def test_force_replaces_studies_alone(
    store: Path, tmp_path: Path, study: symscan.Study, spoil: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(study.path, folder)
    spoil(folder)
    kept = {path.name for path in folder.iterdir()}
    with pytest.raises(InputError, match=message):
        make(store, out=folder, force=True)
    assert {path.name for path in folder.iterdir()} == kept


def test_nothing_to_study_is_an_error(store: Path) -> None:
    nobody = {**CONFIG, "session_data_config": {"scanners": [{**SCREEN, "where": "close < 0"}]}}
    with pytest.raises(RunError, match="nothing could be studied: above had no entered hit in 2 sessions"):
        make(store, nobody)


def test_a_folder_without_a_study_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no study in it"):
        symscan.open_study(tmp_path)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_played(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("symscan.research.study.call.play_sessions", lambda *_: pytest.fail("it was played"))
    arguments = ["study", _config(tmp_path), "--store", str(store), "--date", str(DAYS[0])]
    done = call(capsys, *arguments, "--out", str(tmp_path / "file" / "study"), "--horizons", "30m")
    assert (done.code, "see to it that the folder can be written" in done.err) == (1, True), done.err


def test_the_page_says_how_much_could_be_bought(store: Path, study: symscan.Study) -> None:
    worth = study.hits["fillable_value"].drop_nulls()
    median, share = worth.median(), (worth >= 500).mean()
    said = fillable_sentence(make(store, value=500), "above")
    assert (
        said
        == f"5% of the entry bar was worth {median:,.0f} (the median); {share:.0%} of hits could take 500."
    )


def test_points_are_in_the_hexagon_whose_centre_is_nearest() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-9, 0, 400), rng.uniform(0, 9, 400)
    found = np.stack(hexagons(x, y), axis=1)
    centres = np.array([(i + 0.5 * (j % 2), j) for i in range(-11, 2) for j in range(-2, 12)])
    apart = np.hypot(x[:, None] - centres[:, 0], (y[:, None] - centres[:, 1]) * np.sqrt(0.75))
    assert np.allclose(found, centres[apart.argmin(axis=1)])
