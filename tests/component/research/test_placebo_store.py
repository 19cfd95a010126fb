"""A placebo of a whole store: one sign a minute for all, valid bars, days of their minutes, no splits."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from support.cli import call
from support.generated_market import DATES, SPLITS, make_market
from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import ONE_DAY, ONE_MINUTE
from symscan.research.placebo_store import make_placebo_store
from symscan.sources.checking.daily_checks import Tolerances
from symscan.sources.checking.store_check import check_store
from symscan.sources.store.bar_store import BarStore

PRICES = ["open", "high", "low", "close"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    market = make_market(DATES[-4:])
    bars = {"1m": market.minutes, "1d": market.days}
    return BarStore(make_store(tmp_path_factory.mktemp("real"), bars, SPLITS))


@pytest.fixture(scope="module")
def placebo(real: BarStore, tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    target = BarStore.create(tmp_path_factory.mktemp("placebo") / "store")
    make_placebo_store(real, target, SessionCalendar("NYSE"), seed=3)
    return target


def minutes(store: BarStore) -> pl.DataFrame:
    """All bars within sessions, with the return against the last close of the symbol."""
    bars = store.load(ONE_MINUTE, store.sessions(ONE_MINUTE)).sort("symbol", "start")
    move = pl.col("close") / pl.col("close").shift(1).over("symbol") - 1
    return bars.with_columns(move=move)


def test_all_symbols_move_with_one_sign_a_minute(real: BarStore, placebo: BarStore) -> None:
    both = minutes(real).join(minutes(placebo), on=["symbol", "start"], suffix="_made")
    ratio = pl.col("move_made") / pl.col("move")
    moved = both.filter(pl.col("move").abs() > 1e-6, pl.col("move").abs() < 0.3).with_columns(ratio=ratio)
    assert moved.height > 10_000
    assert (moved["ratio"].abs() - 1).abs().max() < 1e-6
    signs = moved.group_by("start").agg(pl.col("ratio").round(0).n_unique())["ratio"]
    assert signs.unique().to_list() == [1]
    assert 0.45 < (moved.unique("start")["ratio"] > 0).mean() < 0.55


def test_rows_and_volumes_stay(real: BarStore, placebo: BarStore) -> None:
    for interval in (ONE_MINUTE, ONE_DAY):
        keys = ["session", "symbol", *(["start"] if interval is ONE_MINUTE else []), "volume"]
        frames = [store.load(interval, store.sessions(interval), columns=keys) for store in (real, placebo)]
        assert frames[0].equals(frames[1])


def test_bars_are_valid_and_days_are_made_of_their_minutes(placebo: BarStore) -> None:
    report = check_store(placebo, SessionCalendar("NYSE"), Tolerances(1e-9, 1e9))
    assert [finding for finding in report.findings if finding.is_fault] == []


def test_known_splits_are_no_jumps(real: BarStore, placebo: BarStore) -> None:
    assert real.splits().height > 0
    assert placebo.splits().height == 0
    days = placebo.load(ONE_DAY, placebo.sessions(ONE_DAY), ["SPLT", "REVS"]).sort("symbol", "session")
    jumps = days.with_columns(jump=pl.col("open") / pl.col("close").shift(1).over("symbol") - 1)["jump"]
    assert jumps.abs().max() < 0.3


def test_a_seed_is_a_market(real: BarStore, placebo: BarStore, tmp_path: Path) -> None:
    for name, seed in (("same", 3), ("other", 4)):
        made = BarStore.create(tmp_path / name)
        make_placebo_store(real, made, SessionCalendar("NYSE"), seed)
        day = made.sessions(ONE_MINUTE)[-1]
        assert (made.path(ONE_MINUTE, day).name == placebo.path(ONE_MINUTE, day).name) is (seed == 3)


def test_the_command_says_what_it_made_and_overwrites_nothing(
    real: BarStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    done = call(capsys, "data", "placebo", "--store", str(real.root), "--out", str(out), "--seed", "1")
    assert (done.code, done.out.split(":")[0]) == (0, f"Made {out}, seed 1")
    again = call(capsys, "data", "placebo", "--store", str(real.root), "--out", str(out))
    assert again.code == 2
    assert "there is a store already; give another folder with --out" in again.err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    other = call(capsys, "data", "placebo", "--store", str(real.root), "--out", str(tmp_path / "full"))
    assert (other.code, "holds other files" in other.err) == (2, True)


def test_an_empty_store_has_no_placebo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    BarStore.create(tmp_path / "empty")
    done = call(
        capsys, "data", "placebo", "--store", str(tmp_path / "empty"), "--out", str(tmp_path / "made")
    )
    assert (done.code, "has no bars to make a placebo of" in done.err) == (2, True)
    assert not (tmp_path / "made").exists()
