from __future__ import annotations

from typing import Any

import numpy as np

from support.builders import make_session
from symscan.indicators.registry import spec_of
from symscan.model.events.session import (
    IndicatorWarmed,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.runtime.provisioning.provisioner import MemberNeeds
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    AdmitMembers,
    LockSymbol,
    ReleaseHolder,
    RemoveSymbol,
    UnlockSymbol,
)

ME = "scanner:me"
SESSION = make_session()
FAST, DAILY = spec_of("sma_3_1m"), spec_of("sma_5_1d")


def _bars(*symbols: str, days: int = 0) -> AddBars:
    return AddBars(ME, symbols, ONE_MINUTE if not days else ONE_DAY, days)


def _value(session: Any, symbol: str, spec: Any) -> float:
    value: float = session.data.indicators.column(spec)[session.data.symbols.row(symbol)]
    return value


def test_a_symbol_that_joins_late_equals_one_that_was_there(played: Any) -> None:
    specs = [FAST, DAILY, spec_of("ema_2_5m"), spec_of("vwap_1m"), spec_of("rsi_3_1m")]
    wishes = [_bars("A", days=3), *(AddIndicator(ME, ("A",), spec) for spec in specs), _bars("A")]
    early, late = played(), played()
    early.provisioning.apply_requests(wishes)
    early.until(7)
    late.until(7)
    late.provisioning.apply_requests(wishes)
    for session in (early, late):
        assert session.data.candidates(ME).symbols == ("A",)
    for name in ("open", "high", "low", "close", "volume", "vwap", "previous_close", "premarket_volume"):
        found = [session.data.readings.column(name)[0] for session in (early, late)]
        assert found[0] == found[1], name
    for spec in specs:
        assert _value(early, "A", spec) == _value(late, "A", spec), spec.key
    recent = [session.data.history.recent(ME, "A", ONE_DAY, 9) for session in (early, late)]
    assert recent[0] == recent[1]
    assert [bar.close for bar in recent[0]] == [89, 99, 109]


def test_a_spec_is_warmed_on_what_it_alone_asks_for(played: Any) -> None:
    """Whatever else is loaded with it."""
    alone, beside = played(), played()
    alone.provisioning.apply_requests([AddIndicator(ME, ("A",), spec_of("ema_2_1d"))])
    beside.provisioning.apply_requests(
        [AddIndicator(ME, ("A", "B"), spec_of(key)) for key in ("sma_30_1d", "ema_2_1d", "sma_40_1m")]
    )
    assert _value(alone, "A", spec_of("ema_2_1d")) == _value(beside, "A", spec_of("ema_2_1d"))


def test_history_is_loaded_once_for_all_that_ask_together(played: Any) -> None:
    session = played()
    session.provisioning.apply_requests(
        [AddIndicator(ME, (symbol,), spec_of(key)) for symbol in "AB" for key in ("sma_5_1d", "sma_9_1d")]
    )
    daily = [load for load in session.market.loads if load[1] == ONE_DAY and load[2] > 1]
    assert daily == [(("A", "B"), ONE_DAY, 9)]


def test_what_is_warm_already_is_not_warmed_again(played: Any) -> None:
    session = played()
    (first,) = session.provisioning.apply_requests([AddIndicator(ME, ("A",), DAILY)])
    (second,) = session.provisioning.apply_requests([AddIndicator("scanner:two", ("A", "B"), DAILY)])
    assert session.provisioning.apply_requests([AddIndicator("scanner:three", ("A",), DAILY)]) == []
    assert first == IndicatorWarmed(SESSION.pre_open, "sma_5_1d", 1, 1, 5)
    assert (second.symbols, second.known) == (1, 1)
    # A's closes rise by ten a day: 69 to 109.
    assert (_value(session, "A", DAILY), _value(session, "B", DAILY)) == (89, 40)


def test_daily_history_on_another_basis_is_unknown(played: Any) -> None:
    session = played(mismatched=("A",))
    (warmed,) = session.provisioning.apply_requests([AddIndicator(ME, ("A", "B"), DAILY)])
    assert (warmed.symbols, warmed.known) == (2, 1)
    assert np.isnan(_value(session, "A", DAILY))
    assert session.data.mismatched[:2].tolist() == [True, False]


def test_symbols_the_store_lacks_are_candidates_but_no_members(played: Any) -> None:
    session = played()
    session.provisioning.apply_requests([_bars("A", "GONE")])
    assert session.data.candidates(ME).symbols == ("A", "GONE")
    assert session.data.in_store[:2].tolist() == [True, False]
    (refused,) = session.provisioning.apply_requests([AddSymbol(ME, "GONE")])
    assert isinstance(refused, RequestRefused)
    assert session.data.holders.members() == ()


def test_a_member_is_given_what_members_need(played: Any) -> None:
    session = played(needs=MemberNeeds((ONE_MINUTE, FIVE_MINUTES), 2, (DAILY,)))
    session.until(6)
    events = session.provisioning.apply_requests([AdmitMembers(ME, ("A", "B", "A"))])
    assert [event.symbol for event in events if isinstance(event, SymbolAdded)] == ["A", "B"]
    assert session.data.grid(FIVE_MINUTES).latest(session.data.symbols.row("A")).close == 14
    kept = session.data.history
    assert kept.days(MEMBERS, "A", ONE_MINUTE) == kept.days(MEMBERS, "B", FIVE_MINUTES) == 2
    assert session.data.requested_rows(DAILY, ME)[:2].tolist() == [True, True]
    assert _value(session, "A", DAILY) == 89
    assert session.provisioning.apply_requests([AdmitMembers(ME, ("A",))]) == []


def test_admitting_nobody_changes_nothing(played: Any) -> None:
    session = played(needs=MemberNeeds((ONE_MINUTE, FIVE_MINUTES), 2, (DAILY,)))
    session.provisioning.apply_requests([_bars("A")])
    candidates = session.data.candidates(ME)
    assert session.provisioning.apply_requests([AdmitMembers(ME, ())]) == []
    assert session.data.indicators.specs() == ()
    assert session.data.candidates(ME) is candidates


def test_locks_keep_and_the_last_unlock_frees(played: Any) -> None:
    session = played()
    exchange = session.provisioning.apply_requests
    exchange([_bars("A", "B")])
    assert [type(event) for event in exchange([LockSymbol(ME, "A", "x"), LockSymbol(ME, "A", "x")])] == [
        SymbolLocked
    ]
    assert [type(event) for event in exchange([RemoveSymbol(ME, "A")])] == [RequestRefused]
    exchange([LockSymbol("script", "A", "mine")])
    assert exchange([ReleaseHolder(ME)]) == [
        SymbolUnlocked(SESSION.pre_open, "A", ME, "x"),
        SymbolsRemoved(SESSION.pre_open, ("B",), ME),
    ]
    assert exchange([UnlockSymbol(ME, "A")]) == []
    unlocked, removed = exchange([UnlockSymbol("script", "A")])
    assert isinstance(unlocked, SymbolUnlocked)
    assert removed == SymbolsRemoved(SESSION.pre_open, ("A",), "script")
    assert len(session.data.symbols) == 0
    assert session.market.columns == {}


def test_a_symbol_of_the_configuration_stays(played: Any) -> None:
    session = played()
    session.provisioning.apply_requests([AdmitMembers(CONFIG, ("A",))])
    assert [type(event) for event in session.provisioning.apply_requests([RemoveSymbol(ME, "A")])] == [
        RequestRefused
    ]
    assert session.data.holders.members() == ("A",)


def test_a_removed_symbol_may_come_back(played: Any) -> None:
    session = played()
    session.until(3)
    session.provisioning.apply_requests([AddIndicator(ME, ("A", "B"), FAST)])
    (removed,) = session.provisioning.apply_requests([RemoveSymbol(ME, "A")])
    assert removed.symbols == ("A",)
    assert session.data.candidates(ME).symbols == ("B",)
    session.provisioning.apply_requests([AddIndicator(ME, ("A",), FAST)])
    assert session.data.candidates(ME).symbols == ("B", "A")
    assert _value(session, "A", FAST) == 11  # 10, 11, 12
