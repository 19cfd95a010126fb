from __future__ import annotations

import copy
import json
import math
import pickle

import pytest

from symscan.session.view.indicator_value import IndicatorReading

KNOWN = IndicatorReading(70.5)
ZERO = IndicatorReading(0.0)
UNKNOWN = IndicatorReading(math.nan)
BANDS = IndicatorReading(3.0, {"upper": 3.0, "lower": 1.0})


def test_it_is_its_number() -> None:
    assert KNOWN > 70
    assert KNOWN + 1 == 71.5
    assert round(KNOWN) == 70
    assert f"{KNOWN:.2f}" == "70.50"
    assert json.dumps(KNOWN) == "70.5"
    assert type(KNOWN.current_value) is float
    assert max(KNOWN, 3) is KNOWN


@pytest.mark.parametrize(("reading", "known"), [(KNOWN, True), (ZERO, True), (UNKNOWN, False), (BANDS, True)])
def test_it_is_true_while_known(reading: IndicatorReading, known: bool) -> None:
    assert bool(reading) is known
    assert reading.valid is known
    assert math.isnan(reading.current_value) is not known


def test_unknown_is_never_a_hit() -> None:
    assert not UNKNOWN > 0
    assert not UNKNOWN <= 0
    assert UNKNOWN != UNKNOWN


def test_outputs_are_attributes() -> None:
    assert (BANDS.upper, BANDS.lower, BANDS.current_value) == (3, 1, 3)
    with pytest.raises(AttributeError, match=r"no output 'middle' \(it has: upper, lower\)"):
        _ = BANDS.middle
    with pytest.raises(AttributeError, match="value only"):
        _ = KNOWN.upper


def test_it_can_be_copied_and_sent_to_another_process() -> None:
    for twin in (copy.copy(BANDS), copy.deepcopy(BANDS), pickle.loads(pickle.dumps(BANDS))):
        assert (twin, twin.lower) == (3.0, 1.0)
