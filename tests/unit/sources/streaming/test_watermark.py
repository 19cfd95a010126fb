"""When a minute of a stream is closed."""

from __future__ import annotations

import pytest

from symscan.model.live_settings import LiveSettings
from symscan.sources.streaming.watermark import Watermark

MS = 1_000
END = 60_000_000


@pytest.mark.parametrize(
    ("last_arrival", "is_complete", "closes"),
    [
        pytest.param(None, False, 2_000, id="no bar at all: the grace"),
        pytest.param(100, False, 400, id="quiet counts from the last bar"),
        pytest.param(1_900, False, 2_000, id="the grace ends every wait"),
        pytest.param(5_000, False, 2_000, id="even one long past"),
        pytest.param(100, True, 0, id="all have reported"),
        pytest.param(-500, True, 0, id="never before the end, complete or not"),
        pytest.param(-500, False, 0, id="quiet before the end"),
        pytest.param(-100, False, 200, id="a bar that came early"),
    ],
)
def test_when_a_minute_closes(last_arrival: int | None, is_complete: bool, closes: int) -> None:
    rule = Watermark.of(LiveSettings(quiet_ms=300, grace_seconds=2.0))
    arrival = None if last_arrival is None else END + last_arrival * MS
    assert rule.closes_at(END, arrival, is_complete) == END + closes * MS
