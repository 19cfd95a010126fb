"""Warming what reads the bars before the open, on histories that are not as ours is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.indicators.registry import spec_of
from symscan.model.bar import Block
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import PREMARKET, Interval
from symscan.model.session import Session
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.session.session_data import SessionData
from symscan.sources.ports import DailyHistory

NYSE = SessionCalendar("NYSE")
TODAY = NYSE.session(date(2018, 11, 5))  # the clocks were set back the day before


def a_bar(end: Instant, volume: float, rows: int = 1) -> Block:
    block = Block.blank(end, rows)
    block.put(np.array([0]), np.ones(1, np.bool_), np.array([[10.0], [10.0], [10.0], [10.0], [volume]]))
    return block


class MinutesFrom:
    """Gives the bars of some minutes since 04:00 of every session, whatever is requested."""

    def __init__(self, *minutes: int) -> None:
        self.minutes = minutes

    def symbols(self) -> frozenset[str]:
        return frozenset({"A"})

    def load(
        self,
        symbols: Sequence[str],  # noqa: ARG002
        interval: Interval,  # noqa: ARG002
        session: Session,
        days: int,
    ) -> Iterator[Block]:
        for earlier in NYSE.previous(session.date, days):
            yield from (a_bar(earlier.pre_open + minute * MINUTE, 100.0) for minute in self.minutes)

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ((300, 301, 302), {300: 0.5, 301: 0.5, 302: 0.5}),  # no slots before the first bar
        ((302, 305), {300: np.nan, 301: np.nan, 302: 1.5}),
        ((331, 332, 720), {300: np.nan, 301: np.nan, 302: np.nan}),  # regular hours: not the pre-market
    ],
)
def test_premarket_minutes_are_those_of_the_clock(
    minutes: tuple[int, ...], expected: dict[int, float]
) -> None:
    data, spec = SessionData(TODAY, ["A"]), spec_of("premarket_relative_volume_5")
    rows = data.request_indicator(spec, "me", data.symbols.rows(["A"]))
    IndicatorWarmup(data, MinutesFrom(*minutes), NYSE).warm({spec: rows})
    assert np.isnan(data.indicators.column(spec)).all()
    for minute, ratio in expected.items():
        data.indicators.update(PREMARKET, a_bar(TODAY.pre_open + minute * MINUTE, 50.0, data.capacity))
        np.testing.assert_array_equal(data.indicators.column(spec)[:2], [ratio, np.nan])
