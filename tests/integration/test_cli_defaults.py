"""A store and a folder of runs that are named once, in ``symscan.toml`` or the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import call, write_bars, write_config

DAY = "2026-01-15"
RUN = ("run", "mine.json", "--date", DAY)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SYMSCAN_STORE", raising=False)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0}, ["2026-01-14", DAY])
    (tmp_path / "three.txt").write_text("AAA\nBBB\n")
    (tmp_path / "symscan.toml").write_text('store = "bars"\nruns = "found"\n')
    options = ("--interval", "1m", "--label", "start", "--timezone", "America/New_York")
    assert call(capsys, "data", "import", "bars.csv", *options).code == 0
    write_config(tmp_path)
    return tmp_path


def test_commands_take_them_from_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (project / "bars" / "1m").is_dir()
    ended = call(capsys, *RUN)
    assert (ended.code, ended.err) == (0, "")
    assert f"results in found/mine-{DAY}\n" in ended.out
    assert (project / "found" / f"mine-{DAY}" / "summary.json").exists()
    assert call(capsys, "data", "ls").code == 0
    assert "the store" in call(capsys, "explain", "mine.json", "--date", DAY).out


@pytest.mark.usefixtures("project")
def test_the_environment_comes_before_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMSCAN_STORE", "other")
    ended = call(capsys, *RUN)
    assert (ended.code, "other" in ended.err) == (2, True)
    assert call(capsys, *RUN, "--store", "bars").code == 0


def test_a_mistake_in_the_file_names_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "symscan.toml").write_text('stor = "bars"\n')
    ended = call(capsys, *RUN)
    assert ended.code == 2
    assert ended.err == f"error: {project / 'symscan.toml'}:1: unknown key 'stor'; did you mean 'store'?\n"
    assert not (project / "found").exists()


def test_without_them_the_option_is_missing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "symscan.toml").unlink()
    ended = call(capsys, *RUN)
    assert ended.err == "error: symscan run: missing option '--store' (see 'symscan run --help')\n"
