from __future__ import annotations

from symscan.session.holders import CONFIG, Holders, scanner_holder

GAP, MOVE = scanner_holder("gap"), scanner_holder("move")


def test_candidates_stay_in_the_order_they_were_asked_for() -> None:
    holders = Holders()
    holders.add_candidates(GAP, ["C", "A"])
    holders.add_candidates(GAP, ["B", "C", "B"])
    holders.add_candidates(MOVE, ["D", "A"])
    assert holders.candidates(GAP) == ("C", "A", "B")
    assert holders.candidates("nobody") == ()
    assert holders.all_candidates() == ("C", "A", "B", "D")
    assert holders.is_candidate("B", GAP)
    assert not holders.is_candidate("B", MOVE)
    assert not holders.is_candidate("B", "nobody")


def test_a_member_is_new_once() -> None:
    holders = Holders()
    assert holders.add_member("A", GAP)
    assert not holders.add_member("A", MOVE)
    assert holders.add_member("B", CONFIG)
    assert holders.members() == ("A", "B")
    assert holders.is_member("A")
    assert not holders.is_member("C")
    assert [holders.is_config(symbol) for symbol in "ABC"] == [False, True, False]


def test_everybody_who_keeps_a_symbol_is_named() -> None:
    holders = Holders()
    holders.add_candidates(MOVE, ["A"])
    holders.add_member("A", GAP)
    holders.add_member("A", MOVE)
    holders.lock("A", "position")
    assert holders.holders("A") == (GAP, MOVE, "position")
    assert holders.holders("B") == ()


def test_locks_are_a_set_of_reasons() -> None:
    holders = Holders()
    assert [holders.lock("A", reason) for reason in ("x", "y", "x")] == [True, True, False]
    assert holders.locks("A") == ("x", "y")
    assert not holders.unlock("A", "z")
    assert holders.unlock("A", "x")
    assert not holders.unlock("A", "x")
    assert holders.lock("A", "x")
    assert holders.unlock("A")
    assert holders.locks("A") == ()
    assert not holders.unlock("A")


def test_a_released_candidate_is_free_unless_somebody_keeps_it() -> None:
    holders = Holders()
    holders.add_candidates(GAP, ["free", "shared", "member", "locked", "unlocked"])
    holders.add_candidates(MOVE, ["shared"])
    holders.add_member("member", GAP)
    holders.lock("locked", "why")
    holders.lock("unlocked", "why")
    holders.unlock("unlocked")
    assert holders.release(GAP) == ["free", "unlocked"]
    assert holders.candidates(GAP) == ()
    assert holders.release(GAP) == []
    assert holders.release(MOVE) == ["shared"]


def test_a_removed_symbol_is_forgotten_by_everybody() -> None:
    holders = Holders()
    holders.add_candidates(GAP, ["A", "B"])
    holders.add_member("A", CONFIG)
    holders.lock("A", "why")
    holders.remove(["A", "never here"])
    assert holders.holders("A") == ()
    assert holders.candidates(GAP) == ("B",)
    assert holders.add_member("A", GAP)
