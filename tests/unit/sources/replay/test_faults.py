"""How the faults of a replay are written."""

from __future__ import annotations

from datetime import time as clock_time

import pytest

from support.builders import MINUTE
from symscan.errors import InputError
from symscan.model.instant import SECOND
from symscan.sources.replay.faults import FaultRate, Faults, FaultWindow


def test_the_words_of_faults() -> None:
    text = " late=0.01:5s, correct=.005:2m,duplicate=0.1,drop=1,silence=10:31-10:35,silence=11:00-11:00:30"
    assert Faults.parse(text + ",fetch=300ms,fetch_fails=2,seed=7") == Faults(
        late=FaultRate(0.01, 5 * SECOND),
        correct=FaultRate(0.005, 2 * MINUTE),
        duplicate=FaultRate(0.1, 0),
        drop=1.0,
        silence=(
            FaultWindow(clock_time(10, 31), clock_time(10, 35)),
            FaultWindow(clock_time(11, 0), clock_time(11, 0, 30)),
        ),
        fetch=300_000,
        fetch_fails=2,
        seed=7,
    )
    assert Faults.parse("") == Faults()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slow=1", "'slow=1' is no fault; write name=value, the names are late, correct, duplicate"),
        ("late", "'late' is no fault"),
        ("late=0.1", "late=0.1: expected a share and a delay, such as 0.01:5s"),
        ("late=0.1:5", "late=0.1:5: expected a delay such as 300ms, 5s or 2m"),
        ("late=1.5:5s", "late=1.5: expected a share from 0 to 1"),
        ("drop=nan", "drop=nan: expected a share from 0 to 1"),
        ("silence=10:31", "silence=10:31: expected two times of the day"),
        ("disconnect=10:35-10:31", "expected two times of the day, the earlier one first"),
        ("disconnect=25:00-26:00", "expected two times of the day"),
        ("fetch=2", "fetch=2: expected a delay"),
        ("seed=-1", "seed=-1: expected a whole number from 0 on"),
        ("seed=1,seed=2", "seed is given twice"),
    ],
)
def test_nonsense_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        Faults.parse(text)
    assert message in str(refused.value)
