from __future__ import annotations

from symscan.session.holders import CONFIG, Holders, scanner_holder, trade_reason

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
    holders.lock("A", MOVE, "position")
    assert holders.holders("A") == (GAP, MOVE, "position")
    assert holders.holders("B") == ()


def test_locks_are_a_set_of_reasons_for_each_holder() -> None:
    holders = Holders()
    assert [holders.lock("A", GAP, reason) for reason in ("x", "y", "x")] == [True, True, False]
    assert holders.lock("A", MOVE, "x")
    assert holders.locks("A") == ("x", "y")
    assert not holders.unlock("A", GAP, "z")
    assert holders.unlock("A", GAP, "x")
    assert not holders.unlock("A", GAP, "x")
    assert holders.locks_by_holder("A") == ((GAP, "y"), (MOVE, "x"))
    assert holders.unlock("A", GAP)
    assert not holders.unlock("A", GAP)
    assert holders.locks("A") == ("x",)
    assert holders.unlock("A", MOVE)
    assert holders.locks("A") == ()


def test_the_locks_of_a_holder_that_ends_are_released() -> None:
    holders = Holders()
    for symbol, holder, reason in (("A", GAP, "x"), ("B", MOVE, "x"), ("B", GAP, "y"), ("B", GAP, "z")):
        holders.lock(symbol, holder, reason)
    pinned = holders.pinned()
    assert holders.release_locks(GAP) == [("A", "x"), ("B", "y"), ("B", "z")]
    assert holders.release_locks(GAP) == []
    assert (holders.locks("A"), holders.locks("B")) == ((), ("x",))
    assert (pinned.locks("A"), pinned.locks("B")) == (("x",), ("x", "y", "z"))


def test_what_is_traded_is_kept_and_its_lock_cannot_be_released() -> None:
    holders, strategy = Holders(), "strategy:paper"
    holders.set_traded(strategy, ["A"])
    assert holders.kept_by("A") == "strategy:paper trades it"
    holders.lock("A", strategy, trade_reason(strategy))
    holders.lock("A", strategy, "liked")
    assert holders.kept_by("A") == "it is locked: strategy:paper trades it, liked"
    assert holders.unlock("A", strategy)
    assert not holders.unlock("A", strategy, trade_reason(strategy))
    assert holders.release_locks(strategy) == []
    holders.set_traded(strategy, [])
    assert holders.unlock("A", strategy)
    assert holders.kept_by("A") is None


def test_a_released_candidate_is_free_unless_somebody_keeps_it() -> None:
    holders = Holders()
    holders.add_candidates(GAP, ["free", "shared", "member", "locked", "unlocked"])
    holders.add_candidates(MOVE, ["shared"])
    holders.add_member("member", GAP)
    holders.lock("locked", MOVE, "why")
    holders.lock("unlocked", GAP, "why")
    holders.unlock("unlocked", GAP)
    assert holders.release(GAP) == ["free", "unlocked"]
    assert holders.candidates(GAP) == ()
    assert holders.release(GAP) == []
    assert holders.release(MOVE) == ["shared"]


def test_a_removed_symbol_is_forgotten_by_everybody() -> None:
    holders = Holders()
    holders.add_candidates(GAP, ["A", "B"])
    holders.add_member("A", CONFIG)
    holders.lock("A", GAP, "why")
    holders.remove(["A", "never here"])
    assert holders.holders("A") == ()
    assert holders.candidates(GAP) == ("B",)
    assert holders.add_member("A", GAP)
