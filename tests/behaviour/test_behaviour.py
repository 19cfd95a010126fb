"""What symscan does is what it did when ``manifest.json`` was last accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
RESULTS: Final = ("episodes.csv", "scans.csv", "unknown.csv", "trades.csv", "summary.json", "run.json")
FOLDERS: Final = ("hits", "values", "episodes")

ADVICE: Final = """\
{changed}

Is that intended? Look at the lines that differ from those of the last accepted play:

    python tests/behaviour/play.py --against $(git log -1 --format=%h -- tests/behaviour/manifest.json)

and if they are as they should be, accept them, and commit the manifest with the change that made them so:

    python tests/behaviour/play.py --accept
"""

JOURNAL: Final = "journal_without_connection.jsonl"


@pytest.mark.slow
def test_everything_is_as_it_was_accepted(tmp_path: Path) -> None:
    """One test, not several: each process that runs tests would play for itself."""
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, HERE / "play.py", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for killed in ("killed_at_a_scan", "killed_anywhere"):
        columnar = [path for name in FOLDERS for path in (out / "live" / name).rglob("*.jsonl")]
        assert len(columnar) > len(FOLDERS)
        for result in (*RESULTS, *(str(path.relative_to(out / "live")) for path in columnar)):
            assert (out / killed / result).read_bytes() == (out / "live" / result).read_bytes(), result
    assert (out / "killed_at_a_scan" / JOURNAL).read_bytes() == (out / "live" / JOURNAL).read_bytes()
    expected = json.loads((HERE / "manifest.json").read_text())
    found = json.loads((out / "manifest.json").read_text())
    changed = [name for name in sorted(expected | found) if expected.get(name) != found.get(name)]
    assert not changed, ADVICE.format(changed="\n".join(changed))


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
