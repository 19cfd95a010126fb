"""What a strategy locks, and what becomes of its locks."""

from __future__ import annotations

from collections.abc import Iterable

from support.harness import MemorySession
from symscan.model.events.session import Event, RequestRefused, SymbolLocked, SymbolUnlocked
from symscan.model.trading import Signal
from symscan.session.requests import AdmitMembers, RemoveSymbol
from symscan.strategies.base import BaseStrategy, Decisions, StrategyContext
from symscan.strategies.paper.rules import PaperRules
from symscan.strategies.runner import StrategyRunner

STRATEGY, SCANNER = "strategy:paper", "scanner:other"
TRADE = "strategy:paper trades it"


class _Trader(BaseStrategy):
    """Buys A, locks A and B for reasons of its own, and then tries to get rid of them; fails in the end."""

    paper = PaperRules()

    def __init__(self) -> None:
        super().__init__({})
        self.slices = 0
        self.answers: list[bool] = []

    def on_slice(self, context: StrategyContext) -> Decisions:
        self.slices += 1
        view = context.session_data
        if self.slices == 1:
            view.lock_symbol("A", "liked")
            view.lock_symbol("B", "liked")
            return [Signal("A", "long", 1)]
        if self.slices == 2:
            self.answers = [view.unlock_symbol("A"), view.unlock_symbol("A"), view.remove_symbol("A")]
            return None
        raise RuntimeError("on purpose")


def _session() -> tuple[MemorySession, _Trader, StrategyRunner]:
    played = MemorySession()
    played.until(3)
    played.provisioning.apply_requests([AdmitMembers(SCANNER, ("A", "B"))])
    trader = _Trader()
    return played, trader, StrategyRunner("paper", trader, played.data, played.time, "backtest")


def _names(events: Iterable[Event]) -> list[tuple[str, str, str | None]]:
    kinds = (SymbolLocked, SymbolUnlocked)
    return [(type(one).__name__, one.symbol, one.reason) for one in events if isinstance(one, kinds)]


def test_an_ordered_symbol_cannot_be_removed_before_its_lock_is_carried_out() -> None:
    """Live, a lock may wait behind requests whose data is being loaded."""
    played, _, strategy = _session()
    strategy.decide([])
    waiting = strategy.requests()
    (refused,) = played.provisioning.apply_requests([RemoveSymbol(SCANNER, "A")])
    assert refused == RequestRefused(played.data.now, SCANNER, "remove_symbol A", TRADE)
    assert _names(played.provisioning.apply_requests(waiting)) == [
        ("SymbolLocked", "A", "liked"),
        ("SymbolLocked", "B", "liked"),
        ("SymbolLocked", "A", TRADE),
    ]


def test_a_strategy_cannot_take_its_open_trade_away() -> None:
    played, trader, strategy = _session()
    for _ in range(2):
        strategy.decide([])
        events = played.provisioning.apply_requests(strategy.requests())
    assert trader.answers == [True, False, False]
    assert played.data.holders.locks("A") == (TRADE,)
    refused = [(one.request, one.reason) for one in events if isinstance(one, RequestRefused)]
    assert refused == [
        ("unlock_symbol A", "its trade is still open"),
        ("remove_symbol A", f"it is locked: {TRADE}"),
    ]


def test_a_strategy_that_fails_keeps_the_lock_of_its_trade_alone() -> None:
    played, _, strategy = _session()
    for _ in range(3):
        strategy.decide([])
        events = played.provisioning.apply_requests(strategy.requests())
    assert _names(events) == [("SymbolUnlocked", "B", "liked")]
    assert played.data.holders.locks_by_holder("A") == ((STRATEGY, TRADE),)
