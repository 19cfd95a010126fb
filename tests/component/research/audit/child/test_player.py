"""Plays of one process, one after another over changed stores, are those of a process of their own."""

from __future__ import annotations

import json
from pathlib import Path

from support.generated_market import DATES, make_market
from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.research.audit.child.play import Change, Cut, Play, Played, Plays
from symscan.research.audit.child.player import Player
from symscan.research.audit.child.project import ProjectCopy

DAY = DATES[4]
SESSION = SessionCalendar().session(DAY)
WHERE = "close_1d > sma_3_1d"


def _found(played: Played) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(one.at, one.phase, one.symbols) for one in played.scans]


def test_honest_scanners_of_a_daily_store_find_the_same_in_every_future(tmp_path: Path) -> None:
    store = make_store(tmp_path / "whole", {"1d": make_market(DATES[:7]).days})
    scanners = [
        {"name": "after", "universe": "store", "where": WHERE, "at_close": True},
        {"name": "before", "universe": "store", "where": WHERE, "pre_session": True},
    ]
    config = parse_config(json.dumps({"session_data_config": {"scanners": scanners}}), "daily.json")
    (tmp_path / "project").mkdir()
    copy = ProjectCopy(tmp_path / "project", tmp_path / "copy", {})
    player = Player(config, store, tmp_path / "changed", copy, None)
    cuts = (Cut(SESSION.open), Cut(SESSION.close, is_complete=True))
    changed = (Change.DELETED, Change.CHANGED, Change.BORN)
    plays = [Play(DAY, keeps_modules=True)]
    plays += [Play(DAY, change, cut, seed=3, keeps_modules=True) for change in changed for cut in cuts]
    first, *others = player(Plays("all", tuple(plays)), lambda _: None).played
    assert [len(one.symbols) > 3 for one in first.scans] == [True, True]
    whole = _found(first)
    for play, played in zip(plays[1:], others, strict=True):
        expected = whole if play.cut == cuts[1] else whole[:1]
        assert _found(played) == expected, play.change
