"""From when a scan can be acted upon: the rule of paper fills, for each scan of a study."""

from __future__ import annotations

import numpy as np
import pytest

from support.builders import make_session
from symscan.model.events.session import ScanPhase
from symscan.model.instant import MINUTE
from symscan.research.study.session.judged import JudgedScan
from symscan.research.study.session.session_study import scan_instants

SESSION = make_session()


def scan(phase: ScanPhase, *, have_bars_today: bool) -> JudgedScan:
    """A scan at the open without hits and candidates."""
    rows, numbers = np.empty(0, np.intp), np.empty(0)
    new, verdict = np.empty(0, np.bool_), np.empty(0, np.int8)
    at = SESSION.open
    return JudgedScan(
        "mine", phase, at, at, rows, new, numbers, numbers, rows, verdict, numbers, have_bars_today
    )


@pytest.mark.parametrize(
    ("phase", "daily", "have_bars_today", "minutes"),
    [
        (ScanPhase.PRE_SESSION, False, True, 1),
        (ScanPhase.PRE_SESSION, True, True, 0),
        (ScanPhase.PRE_SESSION, False, False, 0),  # it knew of earlier days alone, whatever it may read
        (ScanPhase.REGULAR, False, True, 0),
    ],
)
def test_a_scan_before_the_session_is_in_time_for_the_auction_if_it_knew_of_earlier_days_alone(
    phase: ScanPhase, daily: bool, have_bars_today: bool, minutes: int
) -> None:
    one = scan(phase, have_bars_today=have_bars_today)
    found = scan_instants([one], SESSION, MINUTE, daily=daily)
    assert found.tolist() == [SESSION.open + minutes * MINUTE]
