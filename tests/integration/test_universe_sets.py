"""Runs over universes made of others, what another scanner has found among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import call
from support.generated_market import make_market
from support.live_replay import configuration, play_backtest, play_live, same
from support.projects import DATES, DAY, every, of_regular_hours
from support.runs import make_store, play

pytestmark = pytest.mark.slow

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03")
SCHEDULE = {"regular_session": every("30m")}
ALL_BUT_ONE = {"any": ["./u.csv", {"symbols": ["LIQ03"]}], "except": [{"symbols": ["LIQ01"]}]}
SCANNERS = [
    {"name": "lead", "universe": "store", "where": "close >= AVG(close)", **SCHEDULE},
    {"name": "some", "universe": ALL_BUT_ONE, "where": "close > 0", **SCHEDULE},
    {
        "name": "found",
        "universe": {"all": [{"found_by": "lead"}, ALL_BUT_ONE]},
        "where": "close > 0",
        **SCHEDULE,
    },
    {
        "name": "others",
        "universe": {"all": [{"found_by": "lead"}], "except": ["./u.csv"]},
        "where": "close > 0",
        **SCHEDULE,
    },
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u.csv").write_text(f"symbol,from,to\nLIQ00,,{DAY}\nLIQ01,,\nLIQ02,{DAY},\n")
    return tmp_path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, SYMBOLS)
    return make_store(tmp_path_factory.mktemp("store"), {"1m": of_regular_hours(market.minutes)})


def test_members_and_finds_are_those_of_the_date(
    project: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = play(project, SCANNERS, store, DATES[-3], DATES[-1])
    lead, some, found, others = (run.found(name) for name in ("lead", "some", "found", "others"))
    of_day = {str(day): {"LIQ03", "LIQ02" if day >= DAY else "LIQ00"} for day in DATES[-3:]}
    assert {(at[:10], symbol) for at, symbol in some} == {
        (d, s) for d, names in of_day.items() for s in names
    }
    so_far: set[tuple[str, str]] = set()
    listed: dict[str, set[str]] = {}
    for at, symbol in sorted(lead):
        so_far.add((at[:10], symbol))
        listed.setdefault(at, set()).update(one for day, one in so_far if day == at[:10])
    expected = {(at, one) for at, names in listed.items() for one in names}
    assert found == {(at, one) for at, one in expected if one in of_day[at[:10]]}
    members = {str(day): {"LIQ01", "LIQ02" if day >= DAY else "LIQ00"} for day in DATES[-3:]}
    assert others == {(at, one) for at, one in expected if one not in members[at[:10]]}
    (project / "set.json").write_text(json.dumps(ALL_BUT_ONE))
    assert call(capsys, "universe", "set.json", "--on", str(DAY)).out == "LIQ02\nLIQ03\n"
    checked = call(capsys, "universe", "check", "set.json", "--store", str(store)).out
    assert "3 symbols in 3 periods, none overlapping" in checked
    assert "A part of it is undated" in checked


def test_a_live_session_is_the_backtest(project: Path, store: Path) -> None:
    config = configuration(project, SCANNERS)
    backtest = play_backtest(project, config, store, DAY)
    same(play_live(project, config, store, DAY), backtest)
