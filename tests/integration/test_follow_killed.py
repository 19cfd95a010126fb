"""A reader of a live session whose process is killed and resumed is given every event once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

import symscan
from support.cli import started
from support.live_story import command, make_project, steps
from support.waiting import LIMIT, wait_for

pytestmark = pytest.mark.slow


def test_it_survives_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path / "story")
    monkeypatch.setenv("STORY", str(project))
    folder, events = project / "killed", list[symscan.FollowedEvent]()
    reader = Thread(target=lambda: events.extend(symscan.follow(folder, poll_seconds=0.01)), daemon=True)
    with started(project, *command("killed")) as process:
        wait_for(lambda: steps(folder / "session.sqlite") > 0, "the record")
        reader.start()
        wait_for(lambda: steps(folder / "session.sqlite") > 300 or process.poll() is not None, "its steps")
        process.kill()
        process.communicate(timeout=LIMIT)
    assert process.returncode == -9
    assert reader.is_alive()  # a session whose process was killed has not ended
    with started(project, *command("killed", "--resume")) as process:
        _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, "Traceback" in err) == (0, False)
    reader.join(LIMIT)
    assert not reader.is_alive()
    with closing(sqlite3.connect(folder / "session.sqlite")) as record:
        lines = record.execute("SELECT seq, n, record FROM events ORDER BY seq, n").fetchall()
    assert [(event.id, event.data) for event in events] == [
        (f"{seq}.{n}", json.loads(line)) for seq, n, line in lines
    ]
