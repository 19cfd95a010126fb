"""What a screen checks when it is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symscan.errors import ExpressionError
from symscan.scanners.screens.screen import Screen, ScreenScanner

nan = np.nan


@pytest.mark.parametrize(
    ("part", "arguments"),
    [
        ("take", {"take": 0}),
        ("take", {"take": 2.5}),
        ("max_age_minutes", {"max_age_minutes": -1}),
        ("max_age_minutes", {"max_age_minutes": nan}),
        ("show", {"show": "close"}),
    ],
)
def test_a_screen_checks_its_bounds(part: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError) as caught:
        Screen(where="close > 1", **arguments)
    assert caught.value.part == part


def test_a_subclass_without_a_screen_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"needs a method screen\(\)"):
        ScreenScanner({}).check()
