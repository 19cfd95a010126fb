"""Letting symbols go, and all that nobody else keeps."""

from __future__ import annotations

from typing import Any

import pytest

from support.builders import make_session
from symscan.indicators.registry import spec_of
from symscan.model.events.session import RequestRefused, SymbolsRemoved, SymbolUnlocked
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.provisioning.removal import SymbolRemoval
from symscan.session.holders import CONFIG
from symscan.session.requests import AddBars, AddIndicator

ME, OTHER = "scanner:me", "scanner:other"
NOW = make_session().pre_open
FAST = spec_of("sma_3_1m")


@pytest.fixture
def here(played: Any) -> Any:
    """Two scanners: I keep A and B, the other B and C."""
    session = played()
    for holder, symbols in ((ME, ("A", "B")), (OTHER, ("B", "C"))):
        session.provisioning.apply_requests(
            [AddBars(holder, symbols, ONE_MINUTE, 0), AddIndicator(holder, symbols, FAST)]
        )
    session.removal = SymbolRemoval(session.data, session.market)
    return session


def test_with_a_holder_goes_what_nobody_else_keeps(here: Any) -> None:
    assert here.removal.release(ME) == [SymbolsRemoved(NOW, ("A",), ME)]
    assert here.market.columns.keys() == {"B", "C"}
    assert "A" not in here.data.symbols
    assert here.removal.release(ME) == []


def test_a_members_data_stays_when_a_scanner_lets_go(here: Any) -> None:
    here.data.holders.add_member("A", OTHER)
    assert here.removal.release(ME) == []
    assert "A" in here.market.columns


def test_who_is_removed_stays_with_its_other_holders(here: Any) -> None:
    for symbol in ("A", "B"):
        here.data.holders.add_member(symbol, ME)
    assert here.removal.remove(["A", "B", "A", "GONE"], ME) == [SymbolsRemoved(NOW, ("A", "B"), ME)]
    assert here.data.holders.members() == ()
    assert here.market.columns.keys() == {"B", "C"}  # B is the other's candidate
    rows = here.data.symbols.rows(["B"])
    assert not here.data.indicators.requested_rows(FAST, ME)[rows].any()
    assert here.data.indicators.requested_rows(FAST, OTHER)[rows].all()


def test_what_is_locked_or_configured_is_refused_and_the_rest_goes(here: Any) -> None:
    for symbol in ("A", "B", "C"):
        here.data.holders.add_member(symbol, CONFIG if symbol == "A" else ME)
    here.data.holders.lock("B", ME, "liked")
    here.data.holders.lock("B", OTHER, "held")
    assert here.removal.remove(["A", "B", "C"], OTHER) == [
        RequestRefused(NOW, OTHER, "remove_symbol A", "the configuration names it"),
        RequestRefused(NOW, OTHER, "remove_symbol B", "it is locked: liked, held"),
        SymbolsRemoved(NOW, ("C",), OTHER),
    ]
    assert here.removal.remove(["A"], ME) == [
        RequestRefused(NOW, ME, "remove_symbol A", "the configuration names it")
    ]


def test_with_a_holder_go_its_locks_and_what_only_they_kept(here: Any) -> None:
    for symbol, holder in (("A", ME), ("B", ME), ("C", ME), ("C", OTHER)):
        here.data.holders.lock(symbol, holder, "liked")
    assert here.removal.release(OTHER) == [SymbolUnlocked(NOW, "C", OTHER, "liked")]
    assert here.removal.release(ME) == [
        *[SymbolUnlocked(NOW, symbol, ME, "liked") for symbol in "ABC"],
        SymbolsRemoved(NOW, ("A", "B", "C"), ME),
    ]
    assert len(here.data.symbols) == 0


def test_what_is_traded_is_not_removed_although_its_lock_is_still_to_come(here: Any) -> None:
    here.data.holders.set_traded("strategy:paper", ["B"])
    assert here.removal.remove(["B"], ME) == [
        RequestRefused(NOW, ME, "remove_symbol B", "strategy:paper trades it")
    ]
    assert here.data.holders.is_candidate("B", ME)


def test_who_is_free_goes_and_who_is_not_stays(here: Any) -> None:
    assert here.removal.remove_if_free("A", ME) == []
    here.data.holders.dismiss(["A"], ME)
    assert here.removal.is_in_session("A")
    assert here.removal.remove_if_free("A", ME) == [SymbolsRemoved(NOW, ("A",), ME)]
    assert not here.removal.is_in_session("A")
    assert here.removal.remove_if_free("A", ME) == []
