"""The contract of feeds finds what breaks it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import pytest

from support.bars import feed_bars
from support.builders import make_session
from symscan.model.instant import MINUTE, Instant
from symscan.sources.clocks import VirtualClock
from symscan.sources.iterable_feed import IterableFeed
from symscan.sources.ports import BarBatch, Delivery
from symscan.testing import FeedCase, FeedContract

SESSION = make_session(minutes=10, premarket=3)
BARS = feed_bars(SESSION.open + minute * MINUTE for minute in (1, 2, 4))


class DeliversEverything(IterableFeed):
    """Delivers unsubscribed symbols, too."""

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Go on with them."""


class DeliversByStart(IterableFeed):
    """Takes the start of a bar for its end."""

    def receive(self, until: Instant) -> Delivery | None:
        """Deliver bars a minute early."""
        delivery = super().receive(until)
        if isinstance(delivery, BarBatch):
            return BarBatch(delivery.symbols, delivery.ends + MINUTE, delivery.fields)
        return delivery


class FetchesFromTheInstantOn(IterableFeed):
    """Includes both ends of what is asked for."""

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Fetch one bar too many."""
        return super().bars(symbols, after - 1, until)


class SilentAboutItself(IterableFeed):
    """Does not say that it is connected."""

    def open(self) -> None:
        """Begin without a word."""
        super().open()
        self._events.clear()


@pytest.mark.parametrize(
    ("cls", "contract"),
    [
        (DeliversEverything, FeedContract.test_it_delivers_no_others),
        (DeliversByStart, FeedContract.test_nothing_comes_before_its_end_and_the_clock_never_goes_back),
        (FetchesFromTheInstantOn, FeedContract.test_a_fetch_has_the_bars_between_two_instants),
        (SilentAboutItself, FeedContract.test_it_says_first_that_it_is_connected),
    ],
)
def test_a_feed_that_breaks_it_is_found(cls: type[IterableFeed], contract: object) -> None:
    assert callable(contract)
    for broken in (False, True):
        feed = (cls if broken else IterableFeed)("list", BARS, VirtualClock(SESSION.pre_open, None))
        if broken:
            with pytest.raises(AssertionError):
                contract(FeedContract(), FeedCase(feed, BARS))
        else:
            contract(FeedContract(), FeedCase(feed, BARS))


def test_without_pytest_the_suites_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("symscan.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(ModuleNotFoundError, match=r"symscan\.testing needs pytest; install it: pip install"):
        importlib.import_module("symscan.testing")
