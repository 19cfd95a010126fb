"""Carrying out what was asked for: rows, bars, history, warm indicators, members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from types import MappingProxyType

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
from symscan.runtime.members import MemberNeeds
from symscan.runtime.warming import Warming
from symscan.session.history import LaterBlocks
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    Change,
    LockSymbol,
    Refused,
    RemoveSymbol,
    Request,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.base import BarSource, HistorySource


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
        What a member is given.
    needs_by_holder
        What is given to the members a holder brings in, where that is something else; None: it may
        bring in none.
    """

    def __init__(
        self,
        data: SessionData,
        history: HistorySource,
        source: BarSource,
        warming: Warming,
        needs: MemberNeeds,
        needs_by_holder: Mapping[str, MemberNeeds | None] = MappingProxyType({}),
    ) -> None:
        self._data = data
        self._history = history
        self._source = source
        self._warming = warming
        self._needs = needs
        self._needs_by_holder = needs_by_holder
        self._in_store = history.symbols()
        source.subscribe({}, data.capacity)  # slices are as wide as the session, even if nobody ever joins

    def exchange(self, requests: Sequence[Request]) -> list[Event]:
        """Carry out requests; returns what came of them.

        First the data everybody asks for, then the changes of symbols in order, then the data that
        somebody asks for after it had symbols removed.
        """
        first: list[AddBars | AddIndicator] = []
        changes: list[Change | Refused] = []
        later: list[AddBars | AddIndicator] = []
        for request in requests:
            if not isinstance(request, AddBars | AddIndicator):
                changes.append(request)
            elif changes and changes[-1].holder == request.holder:
                later.append(request)
            else:
                first.append(request)
        return [*self._provide(first), *self._carry_out(changes), *self._provide(later)]

    def _provide(self, requests: Sequence[AddBars | AddIndicator]) -> list[Event]:
        """Load what is asked for, all of it together."""
        bars = [one for one in requests if isinstance(one, AddBars)]
        indicators = [one for one in requests if isinstance(one, AddIndicator)]
        asked: list[AddBars | AddIndicator] = [*bars, *indicators]
        self._place(symbol for request in asked for symbol in request.symbols)
        for request in asked:
            self._data.add_candidates(request.holder, request.symbols)
        for wanted in bars:
            self._keep_bars(wanted)
        return self._keep_indicators(indicators)

    def needs_of(self, holder: str) -> MemberNeeds | None:
        """What members are given that a holder brings in; None: it may bring in none."""
        return self._needs_by_holder.get(holder, self._needs)

    def member_needs(
        self, streams: tuple[Interval, ...] | None = None, history_days: int | None = None
    ) -> MemberNeeds:
        """What a member is given, but for what is said here."""
        needs = self._needs
        days = needs.history_days if history_days is None else history_days
        return MemberNeeds(needs.streams if streams is None else streams, days, needs.indicators)

    def admit(self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None = None) -> list[Event]:
        """Make symbols members, with everything a member has.

        Refused are symbols the store lacks, all of a holder that may bring in none, and all at the close.

        Parameters
        ----------
        symbols
            Those that are members already stay as they are.
        holder
            Who keeps them.
        needs
            What they are given; None for what the holder's are.
        """
        needs = needs or self.needs_of(holder)
        if needs is None:
            return self._refuse_all(symbols, holder, "its 'add_symbols' is false")
        if self._data.now >= self._data.session.close:
            return self._refuse_all(symbols, holder, "the session is over")
        here = [symbol for symbol in symbols if symbol in self._in_store]
        missing = [symbol for symbol in symbols if symbol not in self._in_store]
        refused = self._refuse_all(missing, holder, "the store has no bars of it")
        new = [symbol for symbol in here if self._data.holders.add_member(symbol, holder)]
        return [*refused, *self.equip(new, holder, needs)]

    def equip(self, new: Sequence[str], holder: str, needs: MemberNeeds | None = None) -> list[Event]:
        """Give new members everything a member has; the store must have bars of them."""
        if not new:  # most scans find nobody new; asking for nobody would make indicators over no rows
            return []
        needs = needs or self._needs
        self._place(new)
        for interval in needs.streams:
            for wanting in (holder, MEMBERS):
                self._data.add_interval(interval, wanting)
            self._shelve(MEMBERS, new, interval, needs.history_days)
        events = self._keep_indicators([AddIndicator(CONFIG, tuple(new), spec) for spec in needs.indicators])
        now = self._data.now
        return [*events, *(SymbolAdded(now, symbol, holder, ready_at=now) for symbol in new)]

    def release(self, holder: str) -> list[Event]:
        """Let go of a holder's candidates and specs, and of all data nobody else keeps."""
        free = self._data.holders.release(holder)
        self._data.indicators.release(holder)
        self._data.release_intervals(holder)
        return self._let_go(free, holder)

    def place(self, symbols: Sequence[str]) -> None:
        """Give rows, daily history and bars to those of the symbols that have none and that the store has."""
        self._place(
            symbol for symbol in symbols if symbol not in self._data.symbols and symbol in self._in_store
        )

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
            self._data.add_interval(request.interval, request.holder)
        if request.days:
            self._shelve(request.holder, request.symbols, request.interval, request.days)

    def _shelve(self, holder: str, symbols: Sequence[str], interval: Interval, days: int) -> None:
        kept = self._data.history
        wanted = [symbol for symbol in symbols if kept.days(holder, symbol, interval) < days]
        if wanted and days:
            load = partial(self._history.load, wanted, interval, self._data.session, days)
            kept.put(holder, wanted, interval, days, LaterBlocks(lambda: list(load())))

    def _keep_indicators(self, requests: Sequence[AddIndicator]) -> list[Event]:
        """Create what is new and play history into it; what others asked for is warm already."""
        asked: dict[IndicatorSpec, list[Rows]] = {}
        for request in requests:
            rows = self._data.symbols.rows(request.symbols)
            new = self._data.ask_indicator(request.spec, request.holder, rows)
            if len(new):
                asked.setdefault(request.spec, []).append(new)
        return self._warming.warm({spec: np.concatenate(rows) for spec, rows in asked.items()})

    def _carry_out(self, changes: Sequence[Change | Refused]) -> list[Event]:
        """Add, remove, lock and unlock symbols in order; what one holder asks in a row is done at once."""
        events: list[Event] = []
        for (kind, holder), alike in groupby(changes, key=lambda one: (type(one), one.holder)):
            if kind is AddSymbol:
                events += self.admit([one.symbol for one in alike], holder)
            elif kind is RemoveSymbol:
                events += self._remove([one.symbol for one in alike], holder)
            else:
                events += [event for one in alike for event in self._change(one)]
        return events

    def _change(self, request: Change | Refused) -> list[Event]:
        """Lock or unlock a symbol, or say why something is not allowed."""
        now, holders = self._data.now, self._data.holders
        match request:
            case Refused(holder, _, asked, why):
                return [RequestRefused(now, holder, asked, why)]
            case LockSymbol(holder, symbol, reason) if not self._is_here(symbol):
                return [RequestRefused(now, holder, f"lock_symbol {symbol}", "it is not in the session")]
            case LockSymbol(holder, symbol, reason) if holders.lock(symbol, reason):
                return [SymbolLocked(now, symbol, holder, reason)]
            case UnlockSymbol(holder, symbol, reason) if holders.unlock(symbol, reason):
                return [SymbolUnlocked(now, symbol, holder, reason), *self._let_go_if_free(symbol, holder)]
        return []

    def _remove(self, symbols: Sequence[str], holder: str) -> list[Event]:
        """Let go of symbols and what nobody else keeps; one may have been locked since it was asked."""
        here = [symbol for symbol in dict.fromkeys(symbols) if symbol in self._data.symbols]
        kept = {symbol: why for symbol in here if (why := self._kept_by(symbol))}
        refused = [
            RequestRefused(self._data.now, holder, f"remove_symbol {symbol}", why)
            for symbol, why in kept.items()
        ]
        going = [symbol for symbol in here if symbol not in kept]
        if not going:
            return [*refused]
        self._data.dismiss(going, holder)
        self._free([symbol for symbol in going if not self._data.holders.holders(symbol)])
        return [*refused, SymbolsRemoved(self._data.now, tuple(going), holder)]

    def _kept_by(self, symbol: str) -> str | None:
        """What forbids to remove a symbol, None if nothing does."""
        if self._data.holders.is_config(symbol):
            return "the configuration names it"
        locks = self._data.holders.locks(symbol)
        return f"it is locked: {', '.join(locks)}" if locks else None

    def _is_here(self, symbol: str) -> bool:
        return symbol in self._data.symbols or self._data.holders.is_member(symbol)

    def _let_go_if_free(self, symbol: str, holder: str) -> list[Event]:
        if symbol in self._data.symbols and not self._data.holders.holders(symbol):
            return self._let_go([symbol], holder)
        return []

    def _let_go(self, symbols: Sequence[str], holder: str) -> list[Event]:
        if not symbols:
            return []
        self._free(symbols)
        return [SymbolsRemoved(self._data.now, tuple(symbols), holder)]

    def _free(self, symbols: Sequence[str]) -> None:
        """Give up the rows of symbols nobody keeps."""
        self._source.unsubscribe(symbols)
        self._data.free_rows(symbols)

    def _refuse_all(self, symbols: Iterable[str], holder: str, why: str) -> list[Event]:
        now = self._data.now
        return [RequestRefused(now, holder, f"add_symbol {symbol}", why) for symbol in symbols]
