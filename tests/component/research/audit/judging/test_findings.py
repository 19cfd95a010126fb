"""How many scans differ of those that say something, and when these are enough."""

from __future__ import annotations

from datetime import date

from symscan.research.audit.child.play import Played, ScanRecord
from symscan.research.audit.judging.findings import Share, counted_items, is_enough

DAY = date(2018, 11, 20)


def _scan(at: int, *symbols: str) -> ScanRecord:
    return ScanRecord("hot", "regular", at, "ok", symbols, tuple(one.encode() for one in symbols))


def test_scans_with_a_hit_or_beside_one_say_something() -> None:
    scans = [_scan(1), _scan(2), _scan(3, "A"), _scan(4), _scan(5), _scan(6)]
    found = counted_items({DAY: Played(tuple(scans), {})}, "hot")
    assert sorted(at for _, at, _ in found) == [2, 3, 4]


def test_the_rule_of_three() -> None:
    assert str(Share(0, 60)) == "0 of 60 scans differ (< 5%)"
    assert str(Share(0, 2)) == "0 of 2 scans differ (< 100%)"
    assert str(Share(2, 60)) == "2 of 60 scans differ"
    assert str(Share(0, 0)) == "0 of 0 scans differ"


def test_five_and_a_third_are_enough() -> None:
    items = frozenset((DAY, at, "regular") for at in range(15))
    few = frozenset(sorted(items)[:5])
    assert is_enough(items, few)
    assert not is_enough(items | {(DAY, 99, "regular")}, few)
    assert not is_enough(frozenset(sorted(items)[:4]), few)
