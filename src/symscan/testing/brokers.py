"""The contract of brokers, as tests: derive from :class:`BrokerContract` and give it a broker's class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from symscan.errors import InputError
from symscan.sources.base_broker import BaseBroker
from symscan.sources.broker_guard import port_members
from symscan.sources.brokers import broker_names
from symscan.sources.downloads import Downloader
from symscan.sources.ports import Feed, HistorySource, LiveDay


@dataclass(frozen=True, slots=True)
class BrokerCase:
    """A broker to be tested.

    Attributes
    ----------
    cls
        Its class.
    day
        A session that it can serve, with a store that exists.
    """

    cls: type[BaseBroker]
    day: LiveDay

    def brokers(self) -> list[BaseBroker]:
        """One for each of its feeds."""
        return [self.cls(feed) for feed in self.cls.feeds or (None,)]


class BrokerContract:
    """What every broker must keep to; see :class:`symscan.sources.ports.Broker`.

    Its name, title and feeds are known without making it, and making it connects to nothing. Bars of two
    feeds have two origins. What it makes keeps to the contracts of feeds, histories and downloads, and no
    feed is open before :meth:`Feed.open`.
    """

    @pytest.fixture
    def case(self) -> BrokerCase:
        """Give the broker under test; to be overridden."""
        raise NotImplementedError("override the fixture 'case': it returns a BrokerCase")

    def test_its_class_says_what_it_is(self, case: BrokerCase) -> None:
        """Name, title, feeds by name, exchange, and whether it replays."""
        assert isinstance(case.cls.name, str) and case.cls.name and ":" not in case.cls.name
        assert isinstance(case.cls.title, str) and case.cls.title
        assert all(isinstance(text, str) and text for pair in case.cls.feeds.items() for text in pair)
        assert isinstance(case.cls.exchange, str) and case.cls.exchange
        assert isinstance(case.cls.is_replay, bool)

    def test_no_method_is_missing(self, case: BrokerCase) -> None:
        """Nothing is left abstract."""
        assert sorted(getattr(case.cls, "__abstractmethods__", ())) == []

    def test_it_takes_no_name_of_another(self, case: BrokerCase) -> None:
        """A built-in broker keeps its name."""
        own = case.cls.__module__.startswith("symscan.")
        assert own or case.cls.name not in broker_names()

    def test_two_feeds_have_two_origins(self, case: BrokerCase) -> None:
        """An origin is a text, or None for the bars of the store itself."""
        origins = [broker.origin for broker in case.brokers()]
        assert all(origin is None or (isinstance(origin, str) and origin) for origin in origins)
        assert len(set(origins)) == len(origins)

    def test_its_clock_never_goes_back(self, case: BrokerCase) -> None:
        """Instants, UTC microseconds; a limit of symbols is positive."""
        for broker in case.brokers():
            first, second = broker.now(), broker.now()
            assert isinstance(first, int) and first <= second
            assert broker.max_symbols is None or broker.max_symbols > 0

    def test_it_makes_history_and_feed(self, case: BrokerCase) -> None:
        """They lack nothing; where a session begins is within it, or None."""
        for broker in case.brokers():
            broker.check(case.day)
            _assert_whole(broker.history(case.day), HistorySource)
            begin = broker.start_of(case.day, case.day.session.open)
            assert begin is None or case.day.session.pre_open <= begin <= case.day.session.open
            feed = broker.live_feed(case.day)
            _assert_whole(feed, Feed)
            assert feed.base.is_intraday
            feed.close()

    def test_it_downloads_or_says_that_it_does_not(self, case: BrokerCase) -> None:
        """The one or the other, never a half."""
        for broker in case.brokers():
            try:
                downloader = broker.downloader(case.day.store)
            except InputError as error:
                assert str(error)
            else:
                _assert_whole(downloader, Downloader)


def _assert_whole(made: object, port: type[Any]) -> None:
    missing: Sequence[str] = [name for name in port_members(port) if not hasattr(made, name)]
    assert missing == [], f"{type(made).__name__} lacks {', '.join(missing)} of {port.__name__}"
