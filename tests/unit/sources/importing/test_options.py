"""Options of an import are checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from symscan.errors import DataError
from symscan.model.interval import ONE_MINUTE, Interval
from symscan.sources.importing.options import (
    ImportOptions,
    Label,
)

STARTS = ImportOptions(ONE_MINUTE, Label.START, timezone="America/New_York")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"timezone": "New York"}, "--timezone New York: there is no such zone"),
        ({"interval": Interval.parse("1w")}, "1w bars are derived"),
        ({"name_pattern": "symbol"}, "must contain {symbol} once"),
    ],
)
def test_options_are_checked(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(STARTS, **wrong)
