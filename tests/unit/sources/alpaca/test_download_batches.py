"""How a download is cut into requests."""

from __future__ import annotations

from datetime import date

import pytest

from support.calendars import calendar_of
from symscan.model.interval import ONE_DAY, ONE_MINUTE
from symscan.sources.alpaca import download_batches as parts
from symscan.sources.alpaca.download_batches import missing_batches


def test_parts_leave_out_what_was_asked_and_never_cut_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    week = calendar_of().sessions(date(2024, 3, 4), date(2024, 3, 8))
    asked = {week[1].date: {"A", "B"}, week[2].date: {"A"}}
    found = missing_batches(ONE_MINUTE, week, ["B", "A"], lambda day: asked.get(day, ()))
    dates = [([session.date.day for session in part.sessions], part.symbols) for part in found]
    assert dates == [([4], ("A", "B")), ([6], ("B",)), ([7, 8], ("A", "B"))]
    monkeypatch.setattr(parts, "_BATCH_BARS", 2 * 400)
    sizes = {
        names: [len(one.sessions) for one in missing_batches(ONE_MINUTE, week, names, lambda _: ())]
        for names in ("A", "AB", "ABC")
    }
    assert sizes == {"A": [2, 2, 1], "AB": [1] * 5, "ABC": [1] * 5}
    assert len(missing_batches(ONE_DAY, week, "AB", lambda _: ())) == 1
