"""How many processes: a number, or one a core."""

from __future__ import annotations

import pytest

from symscan.errors import InputError
from symscan.tasks.jobs import cores, parse_jobs


@pytest.mark.parametrize(("given", "expected"), [(1, 1), ("3", 3), (1024, 1024), ("auto", cores())])
def test_a_number_or_one_a_core(given: object, expected: int) -> None:
    assert parse_jobs(given) == expected


@pytest.mark.parametrize("given", [0, -1, "0", "-2", 2.0, "two", "", "1.5", True, None, 1025, "²", [2]])
def test_anything_else_is_refused(given: object) -> None:
    with pytest.raises(InputError, match=r"is no number of jobs; give a whole number from 1 to 1,024, or"):
        parse_jobs(given)
