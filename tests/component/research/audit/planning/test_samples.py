"""Which scans are looked at: of every hour, the first and the last always."""

from __future__ import annotations

from datetime import date

import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE
from symscan.research.audit.child.play import Cut
from symscan.research.audit.planning.samples import sampled

SESSION = SessionCalendar().session(date(2018, 11, 20))
EVERY = [Cut(SESSION.open + 5 * MINUTE * step) for step in range(1, 79)]


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_sample_has_every_hour_and_both_ends(seed: int) -> None:
    found = sampled(EVERY, SESSION, 20, seed)
    assert len(found) == len(set(found)) == 20
    assert (found[0], found[-1]) == (EVERY[0], EVERY[-1])
    assert found == sorted(found)
    assert {SESSION.local(one.at).hour for one in found} == set(range(9, 17))


def test_a_seed_decides() -> None:
    assert sampled(EVERY, SESSION, 20, 1) == sampled(EVERY, SESSION, 20, 1)
    assert sampled(EVERY, SESSION, 20, 1) != sampled(EVERY, SESSION, 20, 2)


def test_few_are_all_taken() -> None:
    assert sampled(EVERY[:3], SESSION, 20, 0) == EVERY[:3]
    assert sampled(EVERY[:2], SESSION, 1, 0) == EVERY[:2]
