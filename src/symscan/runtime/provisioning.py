"""Carrying out what was asked for: rows, bars, history, warm indicators, members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from symscan.model.bar import Rows
from symscan.model.events import (
    Event,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.runtime.warming import Warming
from symscan.session.history import LaterBlocks
from symscan.session.holders import CONFIG
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    LockSymbol,
    RemoveSymbol,
    Request,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.base import BarSource, HistorySource


@dataclass(frozen=True, slots=True)
class MemberNeeds:
    """What a member of the session is given.

    Attributes
    ----------
    streams
        The intervals of its bars.
    history_days
        How many earlier sessions of each; 0 for none.
    indicators
        The configuration's own indicators.
    """

    streams: tuple[Interval, ...]
    history_days: int
    indicators: tuple[IndicatorSpec, ...] = ()


class Provisioning:
    """Gives plug-ins what they asked for, between slices.

    All requests of one exchange are loaded together, so that a thousand symbols asked for one by
    one cost as much as a thousand asked for at once.

    Parameters
    ----------
    data
        The session.
    history, source
        Where earlier bars and this session's bars come from.
    warming
        What plays history into indicators.
    needs
        What a member is given unless its scanner says otherwise.
    """

    def __init__(
        self,
        data: SessionData,
        history: HistorySource,
        source: BarSource,
        warming: Warming,
        needs: MemberNeeds,
    ) -> None:
        self._data = data
        self._history = history
        self._source = source
        self._warming = warming
        self._needs = needs
        self._in_store = history.symbols()
        source.subscribe({}, data.capacity)  # slices are as wide as the session, even if nobody ever joins

    def exchange(self, requests: Sequence[Request]) -> list[Event]:
        """Carry out requests; returns what came of them."""
        bars = [one for one in requests if isinstance(one, AddBars)]
        indicators = [one for one in requests if isinstance(one, AddIndicator)]
        asked: list[AddBars | AddIndicator] = [*bars, *indicators]
        self._place(symbol for request in asked for symbol in request.symbols)
        for request in asked:
            self._data.add_candidates(request.holder, request.symbols)
        for wanted in bars:
            self._keep_bars(wanted)
        events = self._keep_indicators(indicators)
        return events + [event for request in requests for event in self._change(request)]

    def admit(self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None = None) -> list[Event]:
        """Make symbols members, with everything a member has; those the store lacks are refused."""
        needs = needs or self._needs
        here = [symbol for symbol in symbols if symbol in self._in_store]
        refused = [self._refused(holder, symbol) for symbol in symbols if symbol not in self._in_store]
        self._place(here)
        new = [symbol for symbol in here if self._data.holders.add_member(symbol, holder)]
        for interval in needs.streams:
            self._data.add_interval(interval)
            self._shelve(new, interval, needs.history_days)
        events = self._keep_indicators([AddIndicator(CONFIG, tuple(new), spec) for spec in needs.indicators])
        now = self._data.now
        return [*refused, *events, *(SymbolAdded(now, symbol, holder, ready_at=now) for symbol in new)]

    def release(self, holder: str) -> list[Event]:
        """Let go of a holder's candidates and specs, and of all data nobody else keeps."""
        free = self._data.holders.release(holder)
        self._data.indicators.release(holder)
        return self._let_go(free, holder)

    def _place(self, symbols: Iterable[str]) -> None:
        """Give rows, daily history and bars to symbols that have none."""
        new = self._data.add_rows(symbols)
        if not new:
            return
        rows = self._data.symbols.rows(new)
        daily = self._history.daily(new, self._data.session)
        self._data.readings.previous_close[rows] = daily.previous_close
        self._data.mismatched[rows] = daily.mismatched
        self._data.in_store[rows] = [symbol in self._in_store for symbol in new]
        self._source.subscribe(dict(zip(new, rows.tolist(), strict=True)), self._data.capacity)
        self._catch_up(new)

    def _catch_up(self, symbols: Sequence[str]) -> None:
        """Load the bars of this session that ended before the symbols joined."""
        premarket, regular = self._data.premarket.grid.ends(), self._data.regular.grid.ends()
        if premarket or regular:
            blocks = self._source.catch_up(symbols, [*premarket, *regular])
            self._data.catch_up(symbols, blocks[: len(premarket)], blocks[len(premarket) :])

    def _keep_bars(self, request: AddBars) -> None:
        if request.interval.is_intraday:
            self._data.add_interval(request.interval)
        if request.days:
            self._shelve(request.symbols, request.interval, request.days)

    def _shelve(self, symbols: Sequence[str], interval: Interval, days: int) -> None:
        wanted = [symbol for symbol in symbols if self._data.history.days(symbol, interval) < days]
        if wanted and days:
            load = partial(self._history.load, wanted, interval, self._data.session, days)
            self._data.history.put(wanted, interval, days, LaterBlocks(lambda: list(load())))

    def _keep_indicators(self, requests: Sequence[AddIndicator]) -> list[Event]:
        """Create what is new and play history into it; what others asked for is warm already."""
        asked: dict[IndicatorSpec, list[Rows]] = {}
        for request in requests:
            rows = self._data.symbols.rows(request.symbols)
            new = self._data.ask_indicator(request.spec, request.holder, rows)
            if len(new):
                asked.setdefault(request.spec, []).append(new)
        return self._warming.warm({spec: np.concatenate(rows) for spec, rows in asked.items()})

    def _change(self, request: Request) -> list[Event]:
        """Add, remove, lock or unlock a symbol."""
        now, holders = self._data.now, self._data.holders
        match request:
            case AddSymbol(holder, symbol):
                return self.admit([symbol], holder)
            case RemoveSymbol(holder, symbol):
                return self._remove(symbol, holder)
            case LockSymbol(holder, symbol, reason) if symbol not in self._data.symbols:
                return [RequestRefused(now, holder, f"lock_symbol {symbol}", "it is not in the session")]
            case LockSymbol(holder, symbol, reason) if holders.lock(symbol, reason):
                return [SymbolLocked(now, symbol, holder, reason)]
            case UnlockSymbol(holder, symbol, reason) if holders.unlock(symbol, reason):
                return [SymbolUnlocked(now, symbol, holder, reason), *self._let_go_if_free(symbol, holder)]
        return []

    def _remove(self, symbol: str, holder: str) -> list[Event]:
        holders = self._data.holders
        if symbol not in self._data.symbols:
            return []
        if holders.locks(symbol) or holders.is_config(symbol):
            why = "it is locked" if holders.locks(symbol) else "the configuration names it"
            return [RequestRefused(self._data.now, holder, f"remove_symbol {symbol}", why)]
        return self._let_go([symbol], holder)

    def _let_go_if_free(self, symbol: str, holder: str) -> list[Event]:
        if symbol in self._data.symbols and not self._data.holders.holders(symbol):
            return self._let_go([symbol], holder)
        return []

    def _let_go(self, symbols: Sequence[str], holder: str) -> list[Event]:
        if not symbols:
            return []
        self._source.unsubscribe(symbols)
        self._data.free_rows(symbols)
        return [SymbolsRemoved(self._data.now, tuple(symbols), holder)]

    def _refused(self, holder: str, symbol: str) -> Event:
        return RequestRefused(self._data.now, holder, f"add_symbol {symbol}", "the store has no bars of it")
