"""Run one strategy of a session: call it, check its decisions, and keep its paper accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import Event
from symscan.model.events.trading import (
    SignalEmitted,
    StrategyDone,
    StrategyFailed,
    StrategyStarted,
    SymbolPassed,
)
from symscan.model.fills import counted_decision
from symscan.model.instant import Instant
from symscan.model.trading import PaperResult, Signal, SymbolSkipped
from symscan.plugins.errors import describe_error
from symscan.session.holders import strategy_holder, trade_reason
from symscan.session.requests import Request, RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import MemberView
from symscan.strategies.base import BaseStrategy, ScanReport, StrategyContext, checked_decisions
from symscan.strategies.paper.account import PaperAccount
from symscan.strategies.paper.lots import TradableBars
from symscan.strategies.paper.trades import result_of

_DELAYED_MINUTES = 1
"""How much later everything is decided in the account that is kept for comparison."""


@dataclass(frozen=True, slots=True)
class TimedReport:
    """A scan's report, and the instant from which decisions upon it can be filled; None is once decided."""

    report: ScanReport
    fillable_from: Instant | None = None


class StrategyRunner:
    """Calls one strategy and executes its decisions on paper.

    Parameters
    ----------
    name
        Its name in the configuration.
    strategy
        The strategy, made for this session.
    data, time_manager
        The session's state and clock.
    mode
        The mode in its context.
    """

    def __init__(
        self, name: str, strategy: BaseStrategy, data: SessionData, time_manager: TimeManager, mode: str
    ) -> None:
        self.name = name
        self._strategy = strategy
        self._data = data
        self._time = time_manager
        self._mode = mode
        self._requests = RequestQueue(strategy_holder(name))
        self._signals = 0
        self._failed = False
        self._locked: dict[str, None] = {}
        self._fillable_from: Instant | None = None
        rules = strategy.paper
        self._account = PaperAccount(name, rules) if rules is not None else None
        self._delayed = PaperAccount(name, rules.later(_DELAYED_MINUTES)) if rules is not None else None

    # -- calls of the engine -----------------------------------------------------------------

    def start(self) -> list[Event]:
        """Call ``on_start``."""
        rules = self._strategy.paper
        capital = None if rules is None else rules.capital
        started = StrategyStarted(self._time.now, self.name, self._account is not None, capital)
        return [started, *self._call_hook("on_start", self._strategy.on_start, self._context())]

    def on_bars(self, bars: TradableBars) -> list[Event]:
        """Fill signals on paper with these bars."""
        if self._account is None or self._delayed is None:
            return []
        self._delayed.on_bars(self._time.now, bars)
        events = self._account.on_bars(self._time.now, bars)
        self._keep_locks()
        return events

    def notify_members(self, added: list[str], removed: list[str]) -> list[Event]:
        """Call it for each symbol that was removed, then for each that was added."""
        context = self._context()
        strategy, events = self._strategy, list[Event]()
        for symbol in removed:
            events += self._call_hook("on_symbol_removed", strategy.on_symbol_removed, context, symbol)
        for symbol in added:
            events += self._call_hook("on_symbol_added", strategy.on_symbol_added, context, symbol)
        return events

    def decide_on_scans(self, reports: Sequence[TimedReport]) -> list[Event]:
        """Collect its decisions on each scan."""
        events: list[Event] = []
        for timed in reports:
            self._fillable_from = timed.fillable_from
            events += self._call_decision("on_scan", self._strategy.on_scan, self._context(), timed.report)
        self._fillable_from = None
        self._keep_locks()
        return events

    def decide(self, reports: Sequence[TimedReport]) -> list[Event]:
        """Collect its decisions on each scan, then on the slice."""
        events = self.decide_on_scans(reports)
        events += self._call_decision("on_slice", self._strategy.on_slice, self._context())
        self._keep_locks()
        return events

    def end(self) -> list[Event]:
        """Close its accounts and call ``on_end``; return its last events."""
        now = self._time.now
        events = self._account.close(now) if self._account is not None else []
        if self._delayed is not None:
            self._delayed.close(now)
        events += self._call_hook("on_end", self._strategy.on_end, self._context())
        self._requests.drain()
        return [*events, StrategyDone(now, self.name, self._signals, self._results())]

    def requests(self) -> list[Request]:
        """Return and clear its requests."""
        return list(self._requests.drain())

    # -- single steps ------------------------------------------------------------------------

    def _call_hook(self, method: str, call: Callable[..., None], *arguments: object) -> list[Event]:
        """Call a method that returns no decisions."""
        events, decisions = self._call(method, call, *arguments)
        if decisions:
            events.append(self._failure(method, "it returned decisions; on_scan and on_slice alone do that"))
        return events

    def _call_decision(self, method: str, call: Callable[..., object], *arguments: object) -> list[Event]:
        """Call a method that returns decisions, and handle them."""
        events, decisions = self._call(method, call, *arguments)
        for one in decisions:
            events += self._handle_decision(one)
        return events

    def _call(
        self, method: str, call: Callable[..., object], *arguments: object
    ) -> tuple[list[Event], list[Signal | SymbolSkipped]]:
        if self._failed:
            return [], []
        try:
            return [], checked_decisions(call(*arguments))
        except (Exception, SystemExit) as error:  # the plug-in boundary: the strategy is called no more
            return [self._failure(method, describe_error(error, type(self._strategy).__module__))], []

    def _failure(self, method: str, error: str) -> Event:
        self._failed = True
        self._requests.release_locks()
        return StrategyFailed(self._time.now, self.name, method, error)

    def _handle_decision(self, decision: Signal | SymbolSkipped) -> list[Event]:
        now = self._time.now
        if isinstance(decision, SymbolSkipped):
            return [SymbolPassed(now, self.name, decision.symbol, decision.reason)]
        self._signals += 1
        emitted = SignalEmitted(now, self.name, self._signals, decision)
        return [emitted, *self._submit(now, decision)]

    def _submit(self, now: Instant, signal: Signal) -> list[Event]:
        if self._account is None or self._delayed is None:
            return []
        decided = counted_decision(now, self._time.market_now)
        fillable = decided if self._fillable_from is None else max(decided, self._fillable_from)
        is_member = self._data.holders.is_member(signal.symbol)
        submit = partial(
            PaperAccount.submit,
            now=now,
            number=self._signals,
            signal=signal,
            is_member=is_member,
            decided_at=decided,
            fillable_from=fillable,
        )
        submit(self._delayed)
        return submit(self._account)

    def _keep_locks(self) -> None:
        """Lock the symbols either account trades, and no others: their bars are needed to the end.

        Locks are requests, which may wait for the data of others; that traded symbols must not be
        removed holds at once.
        """
        if self._account is None or self._delayed is None:
            return
        busy = dict.fromkeys([*self._account.symbols(), *self._delayed.symbols()])
        if busy == self._locked:
            return
        self._data.holders.set_traded(self._requests.holder, busy)
        view, reason = MemberView(self._data, self._requests), trade_reason(self._requests.holder)
        for symbol in busy:
            view.lock_symbol(symbol, reason)
        for symbol in self._locked:
            if symbol not in busy:
                view.unlock_symbol(symbol, reason)
        self._locked = busy

    def _results(self) -> tuple[PaperResult, ...]:
        if self._account is None or self._delayed is None:
            return ()
        trades, unfilled = self._account.trades, self._account.unfilled
        return (
            result_of("as_configured", trades, unfilled),
            result_of("one_minute_later", self._delayed.trades, self._delayed.unfilled),
            result_of("double_costs", trades, unfilled, costs_times=2),
        )

    def _context(self) -> StrategyContext:
        account = self._account
        return StrategyContext(
            session_data=MemberView(self._data, self._requests),
            time_manager=self._time,
            mode=self._mode,
            current_time=self._time.get_current_time(),
            config=self._strategy.config,
            positions=account.positions if account is not None else (),
            busy=frozenset(account.symbols()) if account is not None else frozenset(),
        )
