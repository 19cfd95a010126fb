"""What symscan does is what it did when ``manifest.json`` was last accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
RESULTS: Final = ("hits.csv", "scans.csv", "unknown.csv", "trades.csv", "summary.json")

ADVICE: Final = """\
{changed}

Is that intended? Look at the lines that differ from those of the last accepted play:

    python tests/behaviour/play.py --against $(git log -1 --format=%h -- tests/behaviour/manifest.json)

and if they are as they should be, accept them, and commit the manifest with the change that made them so:

    python tests/behaviour/play.py --accept
"""

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("behaviour") / "out"
    done = subprocess.run([sys.executable, HERE / "play.py", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@slow
def test_nothing_has_changed(out: Path) -> None:
    expected = json.loads((HERE / "manifest.json").read_text())
    found = json.loads((out / "manifest.json").read_text())
    changed = [name for name in sorted(expected | found) if expected.get(name) != found.get(name)]
    assert not changed, ADVICE.format(changed="\n".join(changed))


@slow
@pytest.mark.parametrize("name", ["killed_at_a_scan", "killed_anywhere"])
def test_a_session_that_was_killed_and_gone_on_with_leaves_the_same(name: str, out: Path) -> None:
    for result in RESULTS:
        assert (out / name / result).read_bytes() == (out / "live" / result).read_bytes(), result


@slow
def test_a_session_that_was_killed_and_gone_on_with_has_the_same_events(out: Path) -> None:
    journal = "journal_without_connection.jsonl"
    assert (out / "killed_at_a_scan" / journal).read_bytes() == (out / "live" / journal).read_bytes()


def test_comparing_shows_the_first_differing_lines(tmp_path: Path) -> None:
    for name, text in {"a": "one\ntwo\nthree\n", "b": "one\ntoo\nthree\nfour\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "hits.csv").write_text(text)
    (tmp_path / "b" / "more.csv").write_text("")
    command = [sys.executable, HERE / "compare.py", tmp_path / "a", tmp_path / "b"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        "hits.csv: 3 lines differ, the first at line 2",
        "  2 - two",
        "    + too",
    ]
    assert "more.csv: only in" in done.stdout
