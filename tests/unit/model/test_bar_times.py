"""The start of a bar from its end, across half days and the change of clocks."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from support.builders import make_block
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import Bar
from symscan.model.bar_times import BarTimes
from symscan.model.instant import from_datetime
from symscan.model.interval import Interval

NEW_YORK = ZoneInfo("America/New_York")
(SESSION,) = SessionCalendar().sessions(date(2018, 11, 26), date(2018, 11, 26))


def bar(interval: str, *end: int) -> Bar:
    instant = from_datetime(datetime(*end, tzinfo=NEW_YORK))  # type: ignore[misc, arg-type]
    return Bar(make_block(instant, 1.0), 0, BarTimes(Interval.parse(interval), SESSION))


@pytest.mark.parametrize(
    ("interval", "end", "start"),
    [
        ("1m", (2018, 11, 26, 9, 31), (2018, 11, 26, 9, 30)),
        ("5m", (2018, 11, 26, 16, 0), (2018, 11, 26, 15, 55)),
        ("5m", (2018, 11, 26, 9, 30), (2018, 11, 26, 9, 25)),
        ("1h", (2018, 11, 26, 10, 30), (2018, 11, 26, 9, 30)),
        ("1h", (2018, 11, 26, 16, 0), (2018, 11, 26, 15, 30)),
        ("1h", (2018, 11, 23, 13, 0), (2018, 11, 23, 12, 30)),
        ("2h", (2018, 11, 23, 13, 0), (2018, 11, 23, 11, 30)),
        ("1d", (2018, 11, 26, 16, 0), (2018, 11, 26, 9, 30)),
        ("1d", (2018, 11, 23, 13, 0), (2018, 11, 23, 9, 30)),
        ("1h", (2018, 11, 2, 16, 0), (2018, 11, 2, 15, 30)),
        ("1w", (2018, 11, 23, 13, 0), (2018, 11, 19, 9, 30)),
    ],
)
def test_bars_say_when_they_start_and_end(
    interval: str, end: tuple[int, ...], start: tuple[int, ...]
) -> None:
    one = bar(interval, *end)
    assert (one.start_time.tzinfo, one.end_time.tzinfo) == (NEW_YORK, NEW_YORK)
    assert one.end_time == datetime(*end, tzinfo=NEW_YORK)  # type: ignore[misc, arg-type]
    assert one.start_time == datetime(*start, tzinfo=NEW_YORK)  # type: ignore[misc, arg-type]
    assert (one.start, one.end) == (from_datetime(one.start_time), from_datetime(one.end_time))
