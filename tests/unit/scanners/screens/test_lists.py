"""Who is on another scanner's list: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.model.instant import MINUTE
from symscan.scanners.past_scans import PastScan, PastScans
from symscan.scanners.screens.lists import ListName, ScannerLists

SCANS = (
    PastScan(10 * MINUTE, ("A", "X"), ("C",)),
    PastScan(15 * MINUTE, ("B",), ("A", "D")),
    PastScan(20 * MINUTE, (), ()),
)


def texts(values: np.ndarray) -> str:
    return "".join("?" if value != value else "+" if value else "-" for value in values)


@pytest.mark.parametrize(
    ("count", "minutes", "expected"),
    [
        (0, None, "????"),  # no scan yet: nobody knows
        (1, None, "+-?-"),
        (2, None, "?+-?"),  # the last one alone, which could not judge A and D
        (3, None, "----"),
        (0, 60, "----"),  # found by none of no scans
        (2, 60, "++??"),  # found by any; unknown where one of them could not judge
        (3, 6, "?+-?"),  # from 15 minutes on
        (3, 5, "----"),  # the scan of five minutes ago is not in the last five minutes
    ],
)
def test_a_list_is_true_false_or_unknown(count: int, minutes: float | None, expected: str) -> None:
    lists = ScannerLists("ABCD")
    for shown in range(count + 1):
        lists.update({"gaps": PastScans((), SCANS[:shown])}, 20 * MINUTE)
    assert texts(lists.column(ListName("gaps", minutes))) == expected


def test_who_was_found_so_far() -> None:
    lists = ScannerLists("ABCD")
    lists.update({"gaps": PastScans((), SCANS)}, 20 * MINUTE)
    assert lists.found("gaps", None).tolist() == [True, True, False, False]
    assert lists.found("gaps", 6).tolist() == [False, True, False, False]


@pytest.mark.parametrize("name", [ListName("gaps", None), ListName("it's", 60.0), ListName("a (b), 2", 2.5)])
def test_a_name_is_what_it_is_parsed_from(name: ListName) -> None:
    assert ListName.parse(name.column) == name
