"""``symscan audit`` finds every scanner that cheats, by what it does, and accuses none that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.audits import HERE, LIKED, make_project, scanner, screen, write_session
from support.cli import call
from symscan.research.audit.child.walls import landlock_version

CAUGHT = {
    "todays_close": {"future_deleted", "future_changed", "files"},
    "movers": {"files"},
    "seen": {"sessions_before", "session_after"},
    "clock": {"clock"},
    "ticking": {"repeated"},
    "chance": {"repeated"},
    "set_order": {"repeated"},
    "place": {"order"},
    "store_size": {"future_deleted", "files"},
    "best_so_far": {"one_scan"},
    "sized": {"universe_columns"},
    "hash_rank": {"repeated"},
    "later_splits": {"future_changed", "files"},
    "reach": {"future_changed"},
    "members": {"unrelated"},
    "tables": {"future_deleted", "later_tables"},
    "variables": {"environment"},
    "thread": {"files"},
    "command": {"files"},
    "elsewhere": {"sessions_before"},
    "class_cache": {"sessions_before"},
    "at_the_end": {"sessions_before"},
}
"""Which checks find which scanner; others may, too."""

SCREENS = {
    "weighs": screen("weighs", "change_pct > AVG(change_pct) + 0.2 * STDDEV(change_pct)", rank="change_pct"),
    "ties": screen("ties", "close > 1", rank="size", take=6),
    "grouped": screen("grouped", "change_pct > AVG(change_pct) PER sector", take=2, per="sector"),
    "crossed": screen("crossed", "close > vwap AND last_scan.close <= last_scan.vwap * 1.001"),
    "sized": {**screen("sized", "size > 4 AND change_pct > 0"), "universe": "sized"},
}

HONEST_SCREENS = sorted(set(SCREENS) - {"sized"})


def _names(word: str) -> list[str]:
    return sorted(file.stem for file in HERE.glob("*.py") if f"class {word}" in file.read_text())


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """All of them audited at once: each stands beside all others, and is still told from them."""
    folder = tmp_path_factory.mktemp("audit")
    project = make_project(folder)
    more = {"file": str(folder / "elsewhere" / "movers.csv"), "symbols": list(LIKED)}
    names = [*CAUGHT, *(f"honest_{one}" for one in _names("Honest"))]
    scanners = [scanner(name, **more) for name in names if name not in SCREENS] + list(SCREENS.values())
    write_session(project, scanners)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("AUDIT_TEST_MOOD", "1")
        with pytest.raises(SystemExit) as ended:
            from symscan.cli import main

            main(["audit", "session.json", "--store", "store", "--date", "2018-11-20", "--scans", "6"])
        assert ended.value.code == 1
        yield json.loads((project / "audits/audited-2018-11-20/audit.json").read_bytes())


def _found(audited: dict[str, Any], name: str) -> set[str]:
    findings = audited["scanners"][name]["findings"]
    return {one["check"] for one in findings if one["kind"] not in ("note", "universe")}


@pytest.mark.slow
@pytest.mark.skipif(not landlock_version(), reason="the kernel has no Landlock")
def test_who_cheats_is_found_and_nobody_else_accused(audited: dict[str, Any]) -> None:
    """One test of all, so that the audit is played once."""
    missed = {name: checks - _found(audited, name) for name, checks in CAUGHT.items()}
    assert {name: checks for name, checks in missed.items() if checks} == {}
    honest = [*(f"honest_{one}" for one in _names("Honest")), *HONEST_SCREENS]
    assert {name: found for name in honest if (found := _found(audited, name))} == {}
    assert [name for name in honest if not audited["scanners"][name]["is_enough"]] == []
    (finding,) = [one for one in audited["scanners"]["movers"]["findings"] if one["check"] == "files"]
    assert finding["says"].endswith("elsewhere/movers.csv, which it does not declare (movers.py:9)")


@pytest.mark.slow
@pytest.mark.skipif(not landlock_version(), reason="the kernel has no Landlock")
def test_a_scanner_that_cannot_be_imported_behind_walls_accuses_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path)
    write_session(project, [scanner("movers_at_import"), scanner("honest_place")])
    monkeypatch.chdir(project)
    options = ("--store", "store", "--date", "2018-11-20", "--only", "files", "--json")
    ended = call(capsys, "audit", "session.json", *options)
    assert ended.code == 1
    audited = json.loads(ended.out)
    (finding,) = audited["scanners"]["movers_at_import"]["findings"]
    assert finding["says"].endswith("project/movers.csv, which it does not declare (movers_at_import.py:7)")
    assert audited["scanners"]["honest_place"]["findings"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("failing", "without any change (failing.py:8: return {}"),
        ("deadly", "the process that did the session of 2018-11-20 ended before it was done, signal SIGKILL"),
    ],
)
def test_who_fails_by_himself_is_not_audited(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    says: str,
) -> None:
    monkeypatch.chdir(project)
    options = ("--store", "store", "--date", "2018-11-20", "--universe", "members")
    ended = call(capsys, "audit", name, *options)
    assert ended.code == 2
    assert says in ended.err
    assert not (project / "audits").exists()


@pytest.mark.slow
def test_built_in_scanners_are_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path)
    regular = ("momentum", "new_high", "opening_range_breakout", "sector_rotation", "volume", "vwap_cross")
    before = ("gap", "premarket_movers")
    scanners = [scanner(name) for name in regular]
    for name in before:
        scanners.append({**scanner(name), "pre_session": True})
        del scanners[-1]["regular_session"]
    for one in scanners:
        one["module"] = f"scanners.{one['name']}"
    write_session(project, scanners)
    monkeypatch.chdir(project)
    ended = call(
        capsys, "audit", "session.json", "--store", "store", "--date", "2018-11-21", "--scans", "6", "--json"
    )
    assert ended.code in (0, 3), ended
    audited = json.loads(ended.out)
    names = [*regular, *before]
    assert {name: found for name in names if (found := _found(audited, name))} == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "nowhere.json"),
        (["session.json", "--only", "luck"], "there are no checks 'luck'; there are: repeat, future"),
        (["session.json", "--scanner", "cold"], "there is no scanner 'cold' in the configuration"),
        (["session.json", "--store", "nowhere"], "there is no bar store here"),
        (["session.json", "--date", "2019-11-20"], "has no intraday bars of 2019-11-20"),
        (["session.json", "--start", "2018-11-21", "--end", "2018-11-20"], "is before its first date"),
        (["clock.py"], "give the module's name instead of its file: clock"),
        (["session.json", "--universe", "members"], "--universe is for a scanner given by its module"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_written(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(project)
    store = [] if "--store" in arguments else ["--store", "store"]
    ended = call(capsys, "audit", *arguments, *store)
    assert ended.code == 2
    assert message in ended.err
    assert not (project / "audits").exists()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_project(tmp_path_factory.mktemp("project"))
    write_session(made, [scanner("honest_place")])
    return made
