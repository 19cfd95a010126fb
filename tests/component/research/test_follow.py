"""Following a session that is being written: every event once, in order, and never in the session's way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Event, Thread

import pytest

import symscan
from component.runs.conftest import DAYS, SYMBOLS
from support.live_replay import configuration, play_live
from support.waiting import LIMIT

SCREEN = {
    "name": "above",
    "universe": "store",
    "where": "close > vwap",
    "regular_session": [{"start": "09:35", "end": "15:55", "interval": "15m"}],
}


def _recorded(folder: Path) -> list[tuple[str, str]]:
    """The events of a record that is closed: id and line."""
    with closing(sqlite3.connect(folder / "session.sqlite")) as reader:
        rows = reader.execute("SELECT seq, n, record FROM events ORDER BY seq, n").fetchall()
    return [(f"{seq}.{n}", line) for seq, n, line in rows]


def _same(events: list[symscan.FollowedEvent], folder: Path) -> None:
    recorded = _recorded(folder)
    assert [event.id for event in events] == [key for key, _ in recorded]
    assert [event.data for event in events] == [json.loads(line) for _, line in recorded]
    assert [event.kind for event in events] == [event.data["event"] for event in events]


@pytest.fixture(scope="module")
def folder(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that is over, stopped two hours after the open."""
    project = tmp_path_factory.mktemp("over")
    play_live(project, configuration(project, [SCREEN]), store, DAYS[1], until=150)
    return project / "live"


def test_a_session_that_is_over_is_read_to_its_end(folder: Path) -> None:
    events = list(symscan.follow(folder))
    _same(events, folder)
    scans = [event for event in events if event.kind == "scan_finished"]
    assert 5 < len(scans) < 12
    assert set(scans[5].data["hits"]["symbols"]) <= set(SYMBOLS)
    assert scans[0].at.isoformat() == "2018-02-27T14:35:00+00:00"


def test_it_goes_on_after_an_id(folder: Path) -> None:
    events = list(symscan.follow(folder))
    for place in (0, 7, len(events) - 2, len(events) - 1):
        rest = list(symscan.follow(folder, after=events[place].id))
        assert rest == events[place + 1 :]


def test_it_follows_a_session_that_is_being_written(store: Path, tmp_path: Path) -> None:
    """The session waits, twice, until what it has recorded by then was read."""
    begun, read, broken_off = Event(), Event(), Event()
    config = configuration(tmp_path, [SCREEN])

    def wait(moment: int) -> None:
        if moment == 100:
            begun.set()
            assert read.wait(LIMIT)

    def session() -> None:
        play_live(tmp_path, config, store, DAYS[1], look=wait, until=120)
        broken_off.set()
        assert read.wait(LIMIT)
        play_live(tmp_path, config, store, DAYS[1], resume=True, until=150)

    thread = Thread(target=session)
    thread.start()
    try:
        assert begun.wait(LIMIT)
        events = _until_scan(symscan.follow(tmp_path / "live", poll_seconds=0.01), 4)
    finally:
        read.set()
    # Broken off: who goes on from the last id misses nothing.
    assert broken_off.wait(LIMIT)
    thread.join(LIMIT)
    events += list(symscan.follow(tmp_path / "live", after=events[-1].id, poll_seconds=0.01))
    _same(events, tmp_path / "live")
    assert not list((tmp_path / "live").glob("session.sqlite-wal"))


def _until_scan(events: Iterator[symscan.FollowedEvent], count: int) -> list[symscan.FollowedEvent]:
    """Read events up to a scan, while the session is held."""
    read: list[symscan.FollowedEvent] = []
    for event in events:
        read.append(event)
        if sum(one.kind == "scan_finished" for one in read) == count:
            return read
    raise AssertionError("the session ended")


def test_a_reader_that_stays_keeps_nobody_from_writing(store: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, [SCREEN])
    readers: list[Iterator[symscan.FollowedEvent]] = []

    def read(moment: int) -> None:
        if moment % 20 == 0:  # each stops in the middle and stays open
            readers.append(symscan.follow(tmp_path / "live"))
            list(islice(readers[-1], moment // 10))

    play_live(tmp_path, config, store, DAYS[1], look=read, until=160)
    assert len(readers) > 5
    _same(list(symscan.follow(tmp_path / "live")), tmp_path / "live")
    with closing(sqlite3.connect(f"file:{tmp_path}/live/session.sqlite?immutable=1", uri=True)) as alone:
        (count,) = alone.execute("SELECT count(*) FROM events").fetchone()
    assert count == len(_recorded(tmp_path / "live"))  # without the files beside it, which readers keep


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("12", "'12' is no id of an event; give one that was read, as 12.0"),
        ("1.0; DROP TABLE events", "is no id of an event"),
        ("999999.0", "there is no event 999999.0; give the id of one that was read from it"),
    ],
)
def test_an_id_that_is_none(folder: Path, after: str, message: str) -> None:
    with pytest.raises(symscan.InputError) as caught:
        symscan.follow(folder, after=after)
    assert message in str(caught.value)


def test_what_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(symscan.DataError, match="there is no record of a live session"):
        symscan.follow(tmp_path)
    (tmp_path / "session.sqlite").write_text("no database" * 1000)
    with pytest.raises(symscan.DataError, match="it is no record of a session"):
        symscan.follow(tmp_path)
