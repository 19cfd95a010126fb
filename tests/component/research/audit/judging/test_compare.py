"""Comparing scans: outcomes, hits in order, values."""

from __future__ import annotations

import pytest

from symscan.research.audit.child.play import Cut, Played, ScanRecord
from symscan.research.audit.judging.compare import compare


def _scan(at: int, *symbols: str, values: str = "", outcome: str = "ok") -> ScanRecord:
    digests = tuple(f"{values}{one}".encode() for one in symbols)
    return ScanRecord("hot", "regular", at, outcome, symbols, digests)


def _played(*scans: ScanRecord, **more: object) -> Played:
    return Played(scans, **{"disabled": {}, **more})  # type: ignore[arg-type]


BEFORE = _played(_scan(1, "A", "B"), _scan(2, "A"), _scan(3, "C"))


def test_the_same_is_the_same() -> None:
    assert compare(BEFORE, BEFORE, "hot").first is None


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (_scan(2, "A", "B"), "it finds B, too"),
        (_scan(2), "it does not find A"),
        (_scan(2, "A", values="x"), "it finds A with other values"),
        (_scan(2, outcome="failed"), "it is failed"),
    ],
)
def test_the_first_difference_is_named(second: ScanRecord, says: str) -> None:
    compared = compare(BEFORE, _played(_scan(1, "A", "B"), second, _scan(3)), "hot")
    assert compared.first is not None
    assert (compared.first.at, compared.first.says) == (2, says)
    assert compared.keys == ((2, "regular"), (3, "regular"))
    assert not compared.is_order


def test_another_order_alone_is_told_from_other_hits() -> None:
    compared = compare(BEFORE, _played(_scan(1, "B", "A"), _scan(2, "A"), _scan(3, "C")), "hot")
    assert compared.is_order
    assert compared.first is not None and compared.first.says == "it ranks B before A"
    both = compare(BEFORE, _played(_scan(1, "B", "A"), _scan(2), _scan(3, "C")), "hot")
    assert not both.is_order and both.first is not None and both.first.at == 2


def test_scans_after_the_cut_are_not_compared() -> None:
    assert compare(BEFORE, _played(_scan(1, "A", "B"), _scan(2, "A")), "hot", Cut(2)).first is None
    assert compare(BEFORE, _played(_scan(1, "A", "B")), "hot", Cut(2)).first is not None


def test_hits_are_compared_among_some() -> None:
    halved = _played(_scan(1, "B"), _scan(2), _scan(3, "C"))
    assert compare(BEFORE, halved, "hot", among={"B", "C"}).first is None


def test_a_session_that_cannot_be_played_differs() -> None:
    assert compare(BEFORE, _played(fault="no"), "hot").first is not None
    assert compare(BEFORE, _played(disabled={"hot": "no file"}), "hot").first is not None
