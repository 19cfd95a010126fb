"""Opening a live session: what is noted of it, and what becomes of it."""

from __future__ import annotations

import json
from contextlib import chdir, closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.builders import Recorder
from support.generated_market import make_market
from support.runs import make_store
from symscan.config import parse_config
from symscan.errors import DataError
from symscan.model.events.feed import BarsLost, FeedDroppedBars, FeedRecovered, Readiness
from symscan.model.events.session import Event, SessionClosed, SessionPrepared
from symscan.recording import RECORD_NAME
from symscan.recording.session_log import SessionRecord
from symscan.runtime.assembly import assemble_live
from symscan.runtime.building.build import calendar_of
from symscan.runtime.live.session import LiveOptions, LiveRun, LiveSetup

HALF_DAY = date(2018, 11, 23)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(symbols=("LIQ00", "LIQ01"))
    return make_store(tmp_path_factory.mktemp("live"), {"1m": market.minutes, "1d": market.days})


class Opening:
    """Opens the same session again and again."""

    def __init__(self, folder: Path, store: Path) -> None:
        self._folder, self._store = folder, store
        self.told, self.announced = Recorder(), Recorder()
        (folder / "one.txt").write_text("LIQ01\n")

    def live(
        self, resume: bool = False, symbols: tuple[str, ...] = ("LIQ00",), faults: str = ""
    ) -> LiveSetup:
        scanner = {
            "module": "scanners.momentum",
            "config": {"universe": "./one.txt"},
            "regular_session": [{"start": "10:00", "end": "11:00", "interval": "30m"}],
        }
        text = json.dumps({"session_data_config": {"symbols": symbols, "scanners": [scanner]}})
        options = LiveOptions("replay", self._store, HALF_DAY, None, faults, None, self._folder, resume)
        with chdir(self._folder):
            config = parse_config(text, "session.json")
            run = LiveRun(calendar_of(config).session(HALF_DAY), self._folder)
            return assemble_live(config, options, run)

    def run(
        self,
        resume: bool = False,
        stop_after: int | None = None,
        faults: str = "",
        stop_upon: type[Event] | None = None,
    ) -> bool:
        with self.live(resume, faults=faults).opened([self.told], [self.announced]) as session:
            if stop_after is not None or stop_upon is not None:
                moments = session.coordinator.slices

                def some() -> Any:
                    for count, moment in enumerate(moments()):
                        if count == stop_after or (stop_upon is not None and self.told.of(stop_upon)):
                            session.stop()
                        yield moment

                session.coordinator.slices = some  # type: ignore[method-assign]
            return session.run()

    def meta(self) -> Any:
        with closing(SessionRecord.read(self._folder / RECORD_NAME)) as record:
            return record.meta


@pytest.fixture
def opening(tmp_path: Path, store: Path) -> Opening:
    return Opening(tmp_path, store)


@pytest.mark.slow
def test_bars_that_were_lost_are_fetched_when_the_session_is_resumed(opening: Opening) -> None:
    assert not opening.run(stop_upon=FeedDroppedBars, faults="lose=09:40-09:43,fetch_fails=9999")
    (dropped,) = opening.told.of(FeedDroppedBars)
    assert opening.told.of(FeedRecovered) == []
    assert opening.run(resume=True)
    recovered = [one for one in opening.told.of(FeedRecovered) if one.since <= dropped.since]
    assert [one.bars for one in recovered] == [6]  # three minutes of two symbols
    assert opening.told.of(BarsLost) == []


def test_a_session_that_came_to_its_close_is_complete(opening: Opening) -> None:
    assert opening.run() is True
    meta = opening.meta()
    about = opening.live().about()
    assert {key: meta[key] for key in about} == about
    assert (meta["status"], meta["base"], meta["speed"], meta["faults"]) == ("complete", "1m", None, "")
    assert Path(meta["store"]).is_absolute() and Path(meta["file"]).is_absolute()
    assert opening.told.events == opening.announced.events
    assert len(opening.told.of(SessionClosed)) == len(opening.told.of(Readiness)) == 1


def test_a_session_that_was_stopped_can_be_gone_on_with(opening: Opening) -> None:
    assert opening.run(stop_after=300) is False
    assert opening.meta()["status"] == "interrupted"
    assert opening.told.of(SessionClosed) == []
    assert opening.run(resume=True) is True
    assert opening.meta()["status"] == "complete"
    assert len(opening.told.of(SessionPrepared)) == 2  # observers go through it again
    assert len(opening.announced.of(SessionPrepared)) == 1
    assert len(opening.announced.of(SessionClosed)) == 1


def test_a_module_stays_noted_as_the_session_first_ran_it(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stop_after, resume, digest in [(10, False, "as it began"), (None, True, "as it was changed")]:
        monkeypatch.setattr("symscan.runtime.live.session.digests", lambda noted=digest: {"mine.py": noted})
        opening.run(resume, stop_after)
    assert opening.meta()["modules"] == {"mine.py": "as it began"}


def test_a_session_that_broke_is_noted_as_failed(opening: Opening) -> None:
    class Broken:
        def observe(self, session: Any, event: Any) -> None:
            if isinstance(event, Readiness):
                raise OSError(f"no room for {event} of {session.date}")

    with pytest.raises(OSError, match="no room"), opening.live().opened([Broken()]) as session:
        session.run()
    assert opening.meta()["status"] == "failed"


def test_it_is_gone_on_with_only_as_it_was_and_begun_only_once(opening: Opening) -> None:
    opening.run(stop_after=10)
    with pytest.raises(DataError), opening.live(symbols=("LIQ01",), resume=True).opened():
        pass
    with pytest.raises(DataError), opening.live().opened():
        pass
    assert opening.meta()["status"] == "interrupted"
