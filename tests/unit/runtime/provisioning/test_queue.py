"""Orders are carried out in the order they were given, as soon as what they need is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from support.builders import FunctionScanner
from support.harness import BEFORE, SESSION, TODAY, MemorySession, SessionHarness, SessionSetup
from support.markets import MemoryMarket
from symscan.indicators.registry import spec_of
from symscan.model.events.session import (
    Event,
    RequestRefused,
    SessionClosed,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.instant import MINUTE
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.runtime.building.build import SessionPorts
from symscan.runtime.provisioning.loading import DataPlan, LoadResult
from symscan.runtime.provisioning.provisioner import MemberNeeds
from symscan.runtime.publisher import EventPublisher
from symscan.scanners.base import ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.session.holders import CONFIG, SCRIPT, scanner_holder
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    AdmitMembers,
    AnyRequest,
    LockSymbol,
    Refused,
    ReleaseHolder,
    RemoveSymbol,
)

ME, OTHER = scanner_holder("me"), scanner_holder("other")
NOW = SESSION.pre_open
DAILY = spec_of("sma_5_1d")


class Later:
    """Has loaded what a test says, when it says so."""

    def __init__(self) -> None:
        self.plans: list[DataPlan] = []
        self._ready: deque[LoadResult] = deque()

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        self.plans.append(plan())

    def ready(self, *loads: LoadResult) -> None:
        self._ready += loads

    def collect(self, *, waits: bool = False) -> list[LoadResult]:  # noqa: ARG002 - a loading's face
        ready, self._ready = list(self._ready), deque()
        return ready


class Placed(SessionHarness):
    """Orders to a session without bars."""

    def __init__(self, *, loads_ahead: bool = True, **needs_by_holder: Any) -> None:
        self.later = Later()
        self.market = MemoryMarket(SESSION, TODAY, BEFORE)
        by_holder = {scanner_holder(name): wanted for name, wanted in needs_by_holder.items()}
        publisher = EventPublisher(SESSION, ())
        ports = SessionPorts(self.market, self.market, publisher)
        if loads_ahead:
            ports = replace(ports, loader=self.later, keep=lambda load: load())
        needs = MemberNeeds((ONE_MINUTE,), 2, (DAILY,))
        super().__init__(SessionSetup(SESSION, member_needs=needs, holder_needs=by_holder), (), ports)
        self.orders = self.coordinator.queue

    def give(self, *requests: AnyRequest | tuple[AnyRequest, ...]) -> None:
        """Submit one after the other; those of a tuple together."""
        for one in requests:
            self.orders.submit(*(one if isinstance(one, tuple) else (one,)))

    def have(self, holder: str, *symbols: str) -> None:
        """Have these members."""
        self.provisioning.apply_requests([AdmitMembers(holder, symbols)])

    def told(self, *loads: LoadResult) -> list[Event]:
        """What comes of it when these loads are done."""
        self.later.ready(*loads)
        return self.orders.collect()


def _kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_orders_are_carried_out_in_order_whatever_is_loaded() -> None:
    placed = Placed()
    placed.give(
        AdmitMembers(ME, ("A",)),
        LockSymbol(ME, "A", "x"),
        AdmitMembers(ME, ("B",)),
        RemoveSymbol(ME, "B"),
    )
    assert placed.told() == []
    assert placed.data.holders.members() == ()
    assert _kinds(placed.told(LoadResult(), LoadResult())) == [
        "IndicatorWarmed",
        "SymbolAdded",
        "SymbolLocked",
    ]
    assert _kinds(placed.told(LoadResult(), LoadResult())) == [
        "IndicatorWarmed",
        "SymbolAdded",
        "SymbolsRemoved",
    ]
    assert placed.told() == []


def test_an_empty_order_is_none() -> None:
    placed = Placed()
    placed.orders.submit()
    assert placed.later.plans == []
    placed.give(ReleaseHolder(ME))
    assert placed.later.plans == [DataPlan()]


def test_inline_everything_is_carried_out_at_once() -> None:
    placed = Placed(loads_ahead=False)
    placed.give(AdmitMembers(ME, ("A",)), LockSymbol(ME, "A", "x"))
    assert _kinds(placed.orders.collect()) == ["IndicatorWarmed", "SymbolAdded", "SymbolLocked"]


# -- what is loaded ------------------------------------------------------------------------------


def test_a_member_is_loaded_with_all_it_needs() -> None:
    placed = Placed()
    placed.give(AdmitMembers(ME, ("A", "B")))
    days = placed.later.plans[0].history[ONE_DAY][1]
    assert days == 5
    assert placed.later.plans == [
        DataPlan(("A", "B"), {ONE_MINUTE: (("A", "B"), 2), ONE_DAY: (("A", "B"), 5)})
    ]


def test_who_wants_other_things_for_its_members_has_those_loaded() -> None:
    placed = Placed(me=MemberNeeds((FIVE_MINUTES,), 3))
    placed.give(AdmitMembers(ME, ("A",)), AddSymbol(ME, "B"))
    placed.give(AdmitMembers(SCRIPT, ("C",), (ONE_MINUTE,), 0))
    assert placed.later.plans == [
        DataPlan(("A",), {FIVE_MINUTES: (("A",), 3)}),
        DataPlan(("B",), {FIVE_MINUTES: (("B",), 3)}),
        DataPlan(("C",), {ONE_DAY: (("C",), 5)}),  # the configuration's indicators all the same
    ]


def test_what_is_planned_is_what_is_loaded() -> None:
    placed = Placed()
    placed.have(OTHER, "C")
    requests = (
        AddIndicator(ME, ("A", "C"), spec_of("sma_9_1d")),
        AdmitMembers(SCRIPT, ("C", "B"), (FIVE_MINUTES,), 3),
        AddSymbol(ME, "A"),
    )
    placed.market.loads = []
    plan = placed.provisioning.plan(requests)
    placed.provisioning.apply_requests(requests)
    assert plan.new == ("A", "B")
    assert placed.data.symbols.names(placed.data.symbols.in_use) == ["C", "A", "B"]
    loaded: dict[Interval, tuple[set[str], int]] = {}
    for symbols, interval, days in placed.market.loads:
        names, most = loaded.get(interval, (set(), 0))
        loaded[interval] = (names | set(symbols), max(most, days))
    assert loaded == {interval: (set(names), days) for interval, (names, days) in plan.history.items()}
    assert loaded[ONE_DAY] == ({"A", "B", "C"}, 9)


def test_for_who_may_bring_in_nobody_nothing_is_loaded() -> None:
    placed = Placed(me=None)
    placed.give(AddSymbol(ME, "A"))
    assert placed.later.plans == [DataPlan()]
    assert _kinds(placed.told(LoadResult())) == ["RequestRefused"]


def test_what_several_ask_for_is_loaded_once_and_what_is_there_not_at_all() -> None:
    placed = Placed()
    placed.provisioning.apply_requests(
        [AddBars(OTHER, ("A",), ONE_MINUTE), AddIndicator(OTHER, ("A",), DAILY)]
    )
    asks = (
        AddBars(ME, ("A", "B"), ONE_MINUTE, 9),  # loaded when somebody looks
        AddIndicator(ME, ("A", "B", "C"), DAILY),
        AddIndicator(ME, ("B",), spec_of("sma_9_1d")),
    )
    placed.give(asks)
    assert placed.later.plans == [DataPlan(("B", "C"), {ONE_DAY: (("B", "C"), 9)})]


def test_what_everybody_has_is_loaded_for_nobody() -> None:
    placed = Placed()
    placed.provisioning.apply_requests([AddIndicator(OTHER, ("A", "B"), DAILY)])
    placed.give((AddIndicator(ME, ("A",), DAILY), AddIndicator(ME, ("B",), DAILY)))
    assert placed.later.plans == [DataPlan()]


def test_who_is_a_member_is_not_loaded_again() -> None:
    placed = Placed()
    placed.have(CONFIG, "A")
    placed.give(AdmitMembers(ME, ("A",)), AddSymbol(ME, "A"))
    assert placed.later.plans == [DataPlan(), DataPlan()]
    assert placed.told(LoadResult(), LoadResult()) == []


# -- who is coming -------------------------------------------------------------------------------


def test_who_is_coming_is_known_until_it_is_there() -> None:
    placed = Placed(no=None)
    coming = placed.orders.is_pending
    placed.give(AdmitMembers(ME, ("A",)), (AddSymbol(ME, "B"), AddSymbol(scanner_holder("no"), "C")))
    assert [coming(symbol) for symbol in "ABC"] == [True, True, False]
    placed.give((RemoveSymbol(ME, "A"), AddBars(ME, ("C",), ONE_MINUTE)))
    assert [coming(symbol) for symbol in "ABC"] == [False, True, False]
    placed.give(AdmitMembers(ME, ("A",)))
    assert coming("A")
    placed.told(LoadResult(), LoadResult())
    assert placed.data.holders.members() == ("A", "B")
    assert not coming("B")
    placed.told(LoadResult(), LoadResult())
    assert placed.data.holders.members() == ("B", "A")
    assert placed.data.coming == frozenset()


def test_after_the_close_nobody_is_coming_and_nothing_is_loaded() -> None:
    placed = Placed()
    placed.give(AdmitMembers(ME, ("A",)))
    placed.data.advance_to(SESSION.close)
    placed.give(AdmitMembers(ME, ("B",)))
    assert placed.later.plans[1] == DataPlan()
    assert not placed.orders.is_pending("B")
    events = placed.told(LoadResult(), LoadResult())
    assert {event.reason for event in events if isinstance(event, RequestRefused)} == {"the session is over"}


def test_at_the_end_it_is_said_who_did_not_come_in_time() -> None:
    due = DueTimes((), (SESSION.open + MINUTE, SESSION.close))
    scanner = FunctionScanner(["A"], lambda context: _found(context.session_data))
    session = MemorySession([ManagedScanner("me", scanner, due)], ("C",), loading=Later())
    session.coordinator.run()
    why = "the session ended while its data was being loaded"
    assert session.told.events[-3:] == [
        RequestRefused(SESSION.close, ME, "add_symbol B", why),
        RequestRefused(SESSION.close, ME, "add_symbol A", why),
        SessionClosed(SESSION.close, SESSION.date, ("C",)),
    ]


def _found(view: Any) -> ScanResult:
    view.add_symbol("B")
    return ScanResult(["A", "C"])


# -- what cannot be loaded -----------------------------------------------------------------------

CUT = LoadResult(error="the line was cut")


def test_what_needed_data_is_refused_and_the_rest_carried_out() -> None:
    placed = Placed()
    placed.have(ME, "A")
    asks = (
        AddBars(ME, ("B", "C"), ONE_DAY, 3),
        AddIndicator(ME, ("B",), DAILY),
        AddSymbol(ME, "B"),
        LockSymbol(ME, "A", "x"),
        Refused(ME, "Z", "remove_symbol Z", "it is locked"),
    )
    placed.give(asks, AdmitMembers(OTHER, ("B", "C")), ReleaseHolder(ME))
    events = placed.told(CUT, CUT, CUT)
    why = "its data could not be loaded: the line was cut"
    assert events == [
        RequestRefused(NOW, ME, "bars 1d for B and 1 more", why),
        RequestRefused(NOW, ME, "add_indicator sma_5_1d for B", why),
        RequestRefused(NOW, ME, "add_symbol B", why),
        SymbolLocked(NOW, "A", ME, "x"),
        RequestRefused(NOW, ME, "remove_symbol Z", "it is locked"),
        RequestRefused(NOW, OTHER, "add_symbol B", why),
        RequestRefused(NOW, OTHER, "add_symbol C", why),
        SymbolUnlocked(NOW, "A", ME, "x"),
    ]
    assert placed.data.holders.members() == ("A",)
    assert "B" not in placed.data.symbols


def test_a_release_needs_no_data() -> None:
    placed = Placed()
    placed.provisioning.apply_requests([AddBars(ME, ("A",), ONE_MINUTE)])
    placed.give(ReleaseHolder(ME))
    assert placed.told(CUT) == [SymbolsRemoved(NOW, ("A",), ME)]


@pytest.mark.parametrize("error", [None, "the line was cut"])
def test_the_source_lets_go_of_who_was_prepared_and_does_not_come(error: str | None) -> None:
    placed = Placed()
    placed.give(AdmitMembers(ME, ("A", "GONE")))
    placed.told(structs.replace(CUT, error=error, prepared=("A", "GONE")))
    assert placed.market.removed == (["A", "GONE"] if error else ["GONE"])


# -- who comes first -----------------------------------------------------------------------------


def test_the_source_is_told_who_comes_first_when_that_changes() -> None:
    placed = Placed()
    placed.have(CONFIG, "C")
    placed.give(AdmitMembers(ME, ("A", "B")))
    events = placed.told(LoadResult())
    assert [event.symbol for event in events if isinstance(event, SymbolAdded)] == ["A", "B"]
    placed.give(LockSymbol(ME, "B", "x"), AddBars(ME, ("A",), ONE_MINUTE))
    placed.told(LoadResult())
    placed.told(LoadResult())
    placed.give(RemoveSymbol(ME, "A"))
    placed.told(LoadResult())
    assert placed.market.preferred == [("C", "A", "B"), ("C", "B", "A"), ("C", "B")]
