"""``symscan live`` from outside: what it refuses, what it says, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.cli_running import call, write_config

REPLAY = ("--source", "replay", "--store", "store", "--date", "2026-01-15")
ALPACA = ("--source", "alpaca", "--store", "store")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (REPLAY[:4], "a replay plays a stored day; say which with --date"),
        ((*REPLAY, "--feed", "iex"), "--feed is one of Alpaca's; a replay plays what the store has"),
        ((*REPLAY, "--resume", "--force"), "--resume goes on with what --force would remove"),
        ((*REPLAY, "--speed", "0"), "'0' is no speed; write a number above 0, such as 60, or max"),
        ((*REPLAY, "--speed", "inf"), "'inf' is no speed"),
        ((*REPLAY, "--speed", "nan"), "'nan' is no speed"),
        ((*REPLAY, "--speed", "fast"), "'fast' is no speed"),
        ((*ALPACA, "--date", "2026-01-15"), "--date is for --source replay"),
        ((*ALPACA, "--speed", "max"), "--speed is for --source replay"),
        ((*ALPACA, "--faults", "late=1:5s"), "--faults is for --source replay"),
        (ALPACA, "say --feed iex or --feed sip, or 'feed' in 'live_config'"),
        (("--source", "ibkr", "--store", "store"), "'ibkr' is not one of 'replay', 'alpaca'"),
        (("--store", "store"), "missing option '--source'"),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_anything_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = write_config(tmp_path)
    ended = call(capsys, "live", str(config), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_run_still_plays_no_live_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config = write_config(tmp_path, lambda whole, _: whole.update(mode="live"))
    ended = call(capsys, "run", str(config), "--store", "store", "--date", "2026-01-15")
    assert ended.code == 2
    assert "only 'backtest' can be run by this command" in ended.err
