"""Load the data that plug-ins request and give it to the session."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, groupby
from types import MappingProxyType

import numpy as np
from msgspec import Struct

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
from symscan.runtime.provisioning.loading import DataPlan
from symscan.runtime.provisioning.removal import SymbolRemoval
from symscan.runtime.provisioning.rows import allocate_rows
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.session.bar_history import LazyBlocks
from symscan.session.day_completion import DayCompletion
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    AdmitMembers,
    AnyRequest,
    DataRequest,
    LockSymbol,
    Refused,
    ReleaseHolder,
    ReleaseLocks,
    RemoveSymbol,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource, HistorySource


class MemberNeeds(Struct, frozen=True):
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

    def replaced(self, streams: tuple[Interval, ...] | None, history_days: int | None) -> MemberNeeds:
        """Return the same with other streams or history, where they are given."""
        days = self.history_days if history_days is None else history_days
        return MemberNeeds(self.streams if streams is None else streams, days, self.indicators)

    def of_members(self, symbols: Sequence[str]) -> list[DataRequest]:
        """Return the requests for the data of members."""
        names = tuple(symbols)
        return [
            *(AddBars(MEMBERS, names, interval, self.history_days) for interval in self.streams),
            *(AddIndicator(CONFIG, names, spec) for spec in self.indicators),
        ]


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
        How earlier bars of members are kept, given a function that loads them; None: loaded when read.
        A session that must not wait then loads them with the request.
    day_completion
        Adds today's daily bar of symbols that come in once the day is complete.
    """

    def __init__(
        self,
        data: SessionData,
        history: HistorySource,
        source: BarSource,
        warm_up: IndicatorWarmup,
        needs: MemberNeeds,
        needs_by_holder: Mapping[str, MemberNeeds | None] = MappingProxyType({}),
        keep: Callable[[Callable[[], Sequence[Block]]], Sequence[Block]] | None = None,
        day_completion: DayCompletion | None = None,
    ) -> None:
        self._day_completion = day_completion
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

    def apply_requests(self, requests: Sequence[AnyRequest]) -> list[Event]:
        """Apply requests; returns the events.

        First requested data, then changes of symbols in order, then data that a holder requested
        after it had symbols removed.
        """
        first: list[DataRequest] = []
        changes: list[AnyRequest] = []
        last: list[DataRequest] = []
        for request in requests:
            if not isinstance(request, AddBars | AddIndicator):
                changes.append(request)
            elif changes and changes[-1].holder == request.holder:
                last.append(request)
            else:
                first.append(request)
        return [*self._provide(first), *self._apply(changes), *self._provide(last)]

    def plan(self, requests: Sequence[AnyRequest]) -> DataPlan:
        """Plan what applying requests will load, from what the session has now."""
        new: dict[str, None] = {}
        wanted: dict[Interval, tuple[dict[str, None], int]] = {}
        for request in requests:
            symbols, needed = self._needs_data(request)
            new.update(dict.fromkeys(symbols))
            for one in needed:
                names, days = self._history_needed(one)
                if names and days:
                    have, most = wanted.get(_interval(one), ({}, 0))
                    wanted[_interval(one)] = ({**have, **dict.fromkeys(names)}, max(most, days))
        return DataPlan(
            tuple(symbol for symbol in new if symbol not in self._data.symbols),
            {interval: (tuple(names), days) for interval, (names, days) in wanted.items()},
        )

    def _needs_data(self, request: AnyRequest) -> tuple[Sequence[str], Sequence[DataRequest]]:
        """Return the symbols that a request gives rows, and the data it loads for them."""
        match request:
            case AddBars(_, symbols) | AddIndicator(_, symbols):
                return symbols, (request,)
            case AddSymbol(_, symbol):
                symbols, needs = (symbol,), self.needs_of(request.holder)
            case AdmitMembers(_, symbols):
                needs = self._admission_needs(request)
            case _:
                return (), ()
        new = [symbol for symbol in symbols if not self._data.holders.is_member(symbol)]
        if needs is None or self._data.now >= self._data.session.close:
            return (), ()
        return new, needs.of_members(new)

    def _history_needed(self, request: DataRequest) -> tuple[Sequence[str], int]:
        """Return the symbols and earlier sessions that a request for data loads at once."""
        if isinstance(request, AddIndicator):
            requested, table = self._data.indicators.requested_rows(request.spec), self._data.symbols
            without = [one for one in request.symbols if one not in table or not requested[table.row(one)]]
            return without, self._warm_up.days(request.spec.source)
        return request.symbols, request.days if self._keep_for(request.holder) is not LazyBlocks else 0

    def _provide(self, requests: Sequence[DataRequest]) -> list[Event]:
        """Load the requested data, all of it together."""
        if not requests:
            return []
        self._data.requested.add_requests(requests)
        ordered = sorted(requests, key=lambda one: isinstance(one, AddIndicator))
        symbols = dict.fromkeys(chain.from_iterable(request.symbols for request in ordered))
        events = self._add_rows(symbols)
        for request in ordered:
            self._data.add_candidates(request.holder, request.symbols)
        return [*events, *self._load(ordered)]

    def _load(self, requests: Sequence[DataRequest]) -> list[Event]:
        """Load bars and indicators of symbols that have rows."""
        for wanted in requests:
            if isinstance(wanted, AddBars):
                self._add_bars(wanted)
        return self._add_indicators([one for one in requests if isinstance(one, AddIndicator)])

    def needs_of(self, holder: str) -> MemberNeeds | None:
        """Return the data of members that a holder adds; None: it may add none."""
        return self._needs_by_holder.get(holder, self._needs)

    def _admission_needs(self, request: AdmitMembers) -> MemberNeeds | None:
        needs = self.needs_of(request.holder)
        return None if needs is None else needs.replaced(request.streams, request.history_days)

    def _admit(self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None) -> list[Event]:
        """Make symbols members, with everything a member has.

        Refused are symbols the store lacks, all of a holder that may bring in none, and all at the close.

        Parameters
        ----------
        symbols
            Those that are members already stay as they are.
        holder
            The holder that keeps them.
        needs
            Their data; None: the holder may bring in none.
        """
        self._data.requested.add_symbols(MEMBERS, symbols)
        if needs is None:
            return self._refuse_all(symbols, holder, "its 'add_symbols' is false")
        if self._data.now >= self._data.session.close:
            return self._refuse_all(symbols, holder, "the session is over")
        known, missing = self._split_stored(symbols)
        refused = self._refuse_all(missing, holder, "the store has no bars of it")
        new = [symbol for symbol in known if self._data.holders.add_member(symbol, holder)]
        return [*refused, *self.provision_members(new, holder, needs)]

    def _split_stored(self, symbols: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the symbols the store has and those it lacks; it is asked of those with no row it had."""
        table, in_store = self._data.symbols, self._data.in_store
        if table.has_all(symbols) and in_store[table.rows(symbols)].all():
            return list(symbols), []
        stored = self._history.symbols()
        known = [symbol for symbol in symbols if symbol in stored]
        return known, [symbol for symbol in symbols if symbol not in stored]

    def provision_members(
        self, new: Sequence[str], holder: str, needs: MemberNeeds | None = None
    ) -> list[Event]:
        """Load all data of new members; the store must have bars of them."""
        if not new:  # most scans find no new symbol; an empty request would make indicators over no rows
            return []
        needs = needs or self._needs
        self._register_needs(needs)
        events = [*self._add_rows(new), *self._load(needs.of_members(new))]
        for interval in needs.streams:
            for one in (holder, MEMBERS):
                self._data.add_interval(interval, one)
        now = self._data.now
        return [*events, *(SymbolAdded(now, symbol, holder, ready_at=now) for symbol in new)]

    def _register_needs(self, needs: MemberNeeds | None) -> None:
        """Register data that members have without a request, so that a view of members may read it."""
        if needs is not None:
            self._data.requested.add(MEMBERS, *needs.streams)
            self._data.requested.add(CONFIG, *needs.indicators)

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
        without = [symbol for symbol in symbols if symbol not in self._data.symbols]
        if without:
            new = allocate_rows(self._data, self._history, without)
            rows = self._data.symbols.rows(new)
            self._source.subscribe(dict(zip(new, rows.tolist(), strict=True)), self._data.capacity)
            self._catch_up(new)
            if self._day_completion is not None:
                self._day_completion.add_rows(rows)

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
        if wanted:
            load = partial(_load_blocks, self._history, wanted, interval, self._data.session, days)
            cache.put(holder, wanted, interval, days, self._keep_for(holder)(load))

    def _keep_for(self, holder: str) -> Callable[[Callable[[], Sequence[Block]]], Sequence[Block]]:
        """Return how earlier bars of a holder are kept: only members' may be loaded with the request."""
        return LazyBlocks if self._keep is None or holder != MEMBERS else self._keep

    def _add_indicators(self, requests: Sequence[AddIndicator]) -> list[Event]:
        """Create new indicators and warm them; those that others requested are warm already."""
        requested: dict[IndicatorSpec, list[Rows]] = {}
        for request in requests:
            rows = self._data.symbols.rows(request.symbols)
            new = self._data.request_indicator(request.spec, request.holder, rows)
            if len(new):
                requested.setdefault(request.spec.source, []).append(new)
        if not requested:
            return []
        if self._day_completion is not None:
            self._day_completion.add_intervals(spec.interval for spec in requested)
        return self._warm_up.warm({spec: _each_once(rows) for spec, rows in requested.items()})

    def _apply(self, changes: Sequence[AnyRequest]) -> list[Event]:
        """Add, remove, lock and unlock symbols in order; consecutive ones of a holder are done together."""
        events: list[Event] = []
        for (kind, holder), group in groupby(changes, key=lambda one: (type(one), one.holder)):
            requested = list(group)
            symbols = [one.symbol for one in requested if isinstance(one, AddSymbol | RemoveSymbol)]
            if kind is AddSymbol:
                events += self._admit(symbols, holder, self.needs_of(holder))
            elif kind is RemoveSymbol:
                events += self._removal.remove(symbols, holder)
            else:
                events += [event for one in requested for event in self._apply_change(one)]
        return events

    def _apply_change(self, request: AnyRequest) -> list[Event]:
        """Apply one request that needs nothing of its neighbours, or return why it is refused."""
        now, holders = self._data.now, self._data.holders
        match request:
            case AdmitMembers(holder, symbols):
                new = [symbol for symbol in symbols if not holders.is_member(symbol)]
                return self._admit(new, holder, self._admission_needs(request))
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
            case ReleaseHolder(holder):
                return self._removal.release(holder)
        return []

    def _refuse_all(self, symbols: Iterable[str], holder: str, why: str) -> list[Event]:
        now = self._data.now
        return [RequestRefused(now, holder, f"add_symbol {symbol}", why) for symbol in symbols]


def _each_once(rows: Sequence[Rows]) -> Rows:
    """Join rows; the same ones may need a value and earlier ones of it."""
    return rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows))


def _interval(request: DataRequest) -> Interval:
    return request.interval if isinstance(request, AddBars) else request.spec.interval


def _load_blocks(
    history: HistorySource, symbols: Sequence[str], interval: Interval, session: Session, days: int
) -> list[Block]:
    """Load bars of earlier sessions; a module function, so that it can be pickled for another process."""
    return list(history.load(symbols, interval, session, days))
