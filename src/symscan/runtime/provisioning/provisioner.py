"""Load the data that plug-ins request and give it to the session."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from types import MappingProxyType

import numpy as np

from symscan.model.bar import Block, Rows
from symscan.model.events.session import (
    DailyBarsDerived,
    Event,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolUnlocked,
)
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.runtime.provisioning.removal import SymbolRemoval
from symscan.runtime.provisioning.rows import allocate_rows
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.session.bar_history import LazyBlocks
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    Change,
    LockSymbol,
    Refused,
    ReleaseLocks,
    RemoveSymbol,
    Request,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource, HistorySource


@dataclass(frozen=True, slots=True)
class MemberNeeds:
    """The data that a member of the session gets.

    Attributes
    ----------
    streams
        The intervals of its bars.
    history_days
        How many earlier sessions of each interval; 0 for none.
    indicators
        The configuration's own indicators.
    """

    streams: tuple[Interval, ...]
    history_days: int
    indicators: tuple[IndicatorSpec, ...] = ()


class Provisioner:
    """Applies the requests of plug-ins, between slices.

    All requests of one batch are loaded together, so that a thousand symbols requested one by
    one cost as much as a thousand requested at once.

    Parameters
    ----------
    data
        The session.
    history, source
        Where earlier bars and this session's bars come from.
    warm_up
        Warms indicators on history.
    needs
        The data of a member.
    needs_by_holder
        The data of members that a holder adds, where it differs; None: it may add none.
    keep
        How earlier bars of members are kept, given a function that loads them: loaded when read,
        unless the session must not wait then.
    """

    def __init__(
        self,
        data: SessionData,
        history: HistorySource,
        source: BarSource,
        warm_up: IndicatorWarmup,
        needs: MemberNeeds,
        needs_by_holder: Mapping[str, MemberNeeds | None] = MappingProxyType({}),
        keep: Callable[[Callable[[], Sequence[Block]]], Sequence[Block]] = LazyBlocks,
    ) -> None:
        self._data = data
        self._history = history
        self._source = source
        self._warm_up = warm_up
        self._needs = needs
        self._needs_by_holder = needs_by_holder
        self._keep = keep
        self._removal = SymbolRemoval(data, source)
        self._reported_derived: set[str] = set()
        for one in (needs, *needs_by_holder.values()):
            self._register_needs(one)
        source.subscribe({}, data.capacity)  # slices are as wide as the session, even if no symbol ever joins

    def apply_requests(self, requests: Sequence[Request]) -> list[Event]:
        """Apply requests; returns the events.

        First requested data, then changes of symbols in order, then data that a holder requested
        after it had symbols removed.
        """
        first: list[AddBars | AddIndicator] = []
        changes: list[Change | ReleaseLocks | Refused] = []
        last: list[AddBars | AddIndicator] = []
        for request in requests:
            if not isinstance(request, AddBars | AddIndicator):
                changes.append(request)
            elif changes and changes[-1].holder == request.holder:
                last.append(request)
            else:
                first.append(request)
        return [*self._provide(first), *self._apply(changes), *self._provide(last)]

    def _provide(self, requests: Sequence[AddBars | AddIndicator]) -> list[Event]:
        """Load the requested data, all of it together."""
        self._data.requested.add_requests(requests)
        bars = [one for one in requests if isinstance(one, AddBars)]
        indicators = [one for one in requests if isinstance(one, AddIndicator)]
        requested: list[AddBars | AddIndicator] = [*bars, *indicators]
        events = self._add_rows(dict.fromkeys(symbol for request in requested for symbol in request.symbols))
        for request in requested:
            self._data.add_candidates(request.holder, request.symbols)
        for wanted in bars:
            self._add_bars(wanted)
        return [*events, *self._add_indicators(indicators)]

    def needs_of(self, holder: str) -> MemberNeeds | None:
        """Return the data of members that a holder adds; None: it may add none."""
        return self._needs_by_holder.get(holder, self._needs)

    def member_needs(
        self, streams: tuple[Interval, ...] | None = None, history_days: int | None = None
    ) -> MemberNeeds:
        """Return the data of a member, with streams or history replaced."""
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
            The holder that keeps them.
        needs
            Their data; None for that of the holder.
        """
        self._data.requested.add_symbols(MEMBERS, symbols)
        needs = needs or self.needs_of(holder)
        if needs is None:
            return self._refuse_all(symbols, holder, "its 'add_symbols' is false")
        if self._data.now >= self._data.session.close:
            return self._refuse_all(symbols, holder, "the session is over")
        stored = self._history.symbols()
        known = [symbol for symbol in symbols if symbol in stored]
        missing = [symbol for symbol in symbols if symbol not in stored]
        refused = self._refuse_all(missing, holder, "the store has no bars of it")
        new = [symbol for symbol in known if self._data.holders.add_member(symbol, holder)]
        return [*refused, *self.provision_members(new, holder, needs)]

    def provision_members(
        self, new: Sequence[str], holder: str, needs: MemberNeeds | None = None
    ) -> list[Event]:
        """Load all data of new members; the store must have bars of them."""
        if not new:  # most scans find no new symbol; an empty request would make indicators over no rows
            return []
        needs = needs or self._needs
        self._register_needs(needs)
        events = self._add_rows(new)
        for interval in needs.streams:
            for one in (holder, MEMBERS):
                self._data.add_interval(interval, one)
            self._keep_history(MEMBERS, new, interval, needs.history_days)
        events += self._add_indicators([AddIndicator(CONFIG, tuple(new), spec) for spec in needs.indicators])
        now = self._data.now
        return [*events, *(SymbolAdded(now, symbol, holder, ready_at=now) for symbol in new)]

    def _register_needs(self, needs: MemberNeeds | None) -> None:
        """Register data that members have without a request, so that a view of members may read it."""
        if needs is not None:
            self._data.requested.add(MEMBERS, *needs.streams)
            self._data.requested.add(CONFIG, *needs.indicators)

    def release(self, holder: str) -> list[Event]:
        """Release a holder's locks, candidates and specs, and all data no other holder keeps."""
        return self._removal.release(holder)

    def stored(self) -> Collection[str]:
        """Return the symbols the store has bars of, as of now."""
        return self._history.symbols()

    def session_with(self, data: SessionData, symbols: Sequence[str]) -> SessionData:
        """Return the session, with rows, daily history and bars of the symbols that the store has."""
        stored = self._history.symbols()
        self._allocate(symbol for symbol in symbols if symbol not in data.symbols and symbol in stored)
        return data

    def _add_rows(self, symbols: Collection[str]) -> list[Event]:
        """Add symbols that have no rows; returns an event if their daily bars were derived."""
        self._allocate(symbols)
        rows = self._data.symbols.rows(tuple(symbols))
        derived = self._data.symbols.names(rows[self._data.daily_derived[rows]])
        new = [symbol for symbol in derived if symbol not in self._reported_derived]
        self._reported_derived.update(new)
        return [DailyBarsDerived(self._data.now, len(new))] if new else []

    def _allocate(self, symbols: Iterable[str]) -> None:
        new = allocate_rows(self._data, self._history, symbols)
        if new:
            rows = self._data.symbols.rows(new)
            self._source.subscribe(dict(zip(new, rows.tolist(), strict=True)), self._data.capacity)
            self._catch_up(new)

    def _catch_up(self, symbols: Sequence[str]) -> None:
        """Load the bars of this session that ended before the symbols joined."""
        premarket, regular = self._data.premarket.grid.ends(), self._data.regular.grid.ends()
        if premarket or regular:
            blocks = self._source.catch_up(symbols, [*premarket, *regular])
            self._data.catch_up(symbols, blocks[: len(premarket)], blocks[len(premarket) :])

    def _add_bars(self, request: AddBars) -> None:
        if request.interval.is_intraday:
            self._data.add_interval(request.interval, request.holder)
        if request.days:
            self._keep_history(request.holder, request.symbols, request.interval, request.days)

    def _keep_history(self, holder: str, symbols: Sequence[str], interval: Interval, days: int) -> None:
        cache = self._data.history
        wanted = [symbol for symbol in symbols if cache.days(holder, symbol, interval) < days]
        if wanted and days:
            load = partial(_load_blocks, self._history, wanted, interval, self._data.session, days)
            blocks = self._keep(load) if holder == MEMBERS else LazyBlocks(load)
            cache.put(holder, wanted, interval, days, blocks)

    def _add_indicators(self, requests: Sequence[AddIndicator]) -> list[Event]:
        """Create new indicators and warm them; those that others requested are warm already."""
        requested: dict[IndicatorSpec, list[Rows]] = {}
        for request in requests:
            rows = self._data.symbols.rows(request.symbols)
            new = self._data.request_indicator(request.spec, request.holder, rows)
            if len(new):
                requested.setdefault(request.spec, []).append(new)
        return self._warm_up.warm({spec: np.concatenate(rows) for spec, rows in requested.items()})

    def _apply(self, changes: Sequence[Change | ReleaseLocks | Refused]) -> list[Event]:
        """Add, remove, lock and unlock symbols in order; consecutive ones of a holder are done together."""
        events: list[Event] = []
        for (kind, holder), group in groupby(changes, key=lambda one: (type(one), one.holder)):
            requested = list(group)
            symbols = [one.symbol for one in requested if isinstance(one, AddSymbol | RemoveSymbol)]
            if kind is AddSymbol:
                events += self.admit(symbols, holder)
            elif kind is RemoveSymbol:
                events += self._removal.remove(symbols, holder)
            else:
                events += [event for one in requested for event in self._apply_change(one)]
        return events

    def _apply_change(self, request: Change | ReleaseLocks | Refused) -> list[Event]:
        """Lock or unlock a symbol, or return why that is refused."""
        now, holders = self._data.now, self._data.holders
        match request:
            case Refused(holder, _, requested, why):
                return [RequestRefused(now, holder, requested, why)]
            case LockSymbol(holder, symbol, reason) if not self._removal.is_in_session(symbol):
                return [RequestRefused(now, holder, f"lock_symbol {symbol}", "it is not in the session")]
            case LockSymbol(holder, symbol, reason) if holders.lock(symbol, holder, reason):
                return [SymbolLocked(now, symbol, holder, reason)]
            case UnlockSymbol(holder, symbol, reason) if holders.unlock(symbol, holder, reason):
                return [
                    SymbolUnlocked(now, symbol, holder, reason),
                    *self._removal.remove_if_free(symbol, holder),
                ]
            case ReleaseLocks(holder):
                return self._removal.release_locks(holder)
        return []

    def _refuse_all(self, symbols: Iterable[str], holder: str, why: str) -> list[Event]:
        now = self._data.now
        return [RequestRefused(now, holder, f"add_symbol {symbol}", why) for symbol in symbols]


def _load_blocks(
    history: HistorySource, symbols: Sequence[str], interval: Interval, session: Session, days: int
) -> list[Block]:
    """Load bars of earlier sessions; a module function, so that it can be pickled for another process."""
    return list(history.load(symbols, interval, session, days))
