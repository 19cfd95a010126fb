"""A session with everything in it, killed at random instants: it leaves what an uninterrupted one does."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from support.cli import started
from support.live_story import FAULTS, announced, command, events, make_project, results, steps
from support.waiting import LIMIT, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("story"))


@pytest.fixture(autouse=True)
def where_plugins_write(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORY", str(project))


def _memories(project: Path) -> dict[str, object]:
    """What scanners and strategies remembered in the end, and the session they saw."""
    names = ("Mindful", "Slow", "Isolated", "strategy")
    return {name: json.loads((project / f"{name}.json").read_text()) for name in names}


def _ended(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode in (0, -9), err
    assert "Traceback" not in err
    return [*out.splitlines(), *err.splitlines()]


def _killed(project: Path, chance: random.Random, *arguments: str) -> list[str]:
    """What a command says that is killed while it gets ready, plays its record, or goes on."""
    record = project / "killed" / "session.sqlite"
    with started(project, *arguments) as process:
        if chance.random() < 0.3:
            wait_for(lambda: record.exists() or process.poll() is not None, "the record")
        else:
            goal = steps(record) + chance.randrange(1, 250)
            wait_for(lambda: process.poll() is not None or steps(record) >= goal, "its steps")
        process.kill()
        return _ended(process)


def test_killed_anywhere_in_a_session_with_everything_in_it(project: Path) -> None:
    faults = ("--faults", FAULTS)
    with started(project, *command("whole", *faults)) as process:
        whole = _ended(process)
    memories = _memories(project)
    chance, said = random.Random(8), list[str]()
    said += _killed(project, chance, *command("killed", "--resume", *faults))
    with started(project, *command("killed", "--resume", *faults)) as process:
        said += _ended(process)

    assert events(project / "killed") == events(project / "whole")
    assert results(project / "killed") == results(project / "whole")
    assert _memories(project) == memories
    assert not [line for line in said if "differs" in line]
    kinds = {event["event"] for event in events(project / "whole")}
    assert {
        "symbol_unlocked",
        "symbols_removed",
        "bars_corrected",
        "order_filled",
        "scanner_disabled",
    } <= kinds
    outcomes = {e["outcome"] for e in events(project / "whole") if e["event"] == "scan_finished"}
    assert {"ok", "failed", "skipped"} <= outcomes
    told, expected = announced(said), announced(whole)
    assert set(told) <= set(expected) and max(told.values()) == 1
    not_told = [line for line in said if "perhaps not told" in line]
    for _, scanner, symbol in set(expected) - set(told):
        assert any(scanner in line and symbol in line for line in not_told)
