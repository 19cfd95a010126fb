"""Every broker that is registered, and those of the examples, keep to the contract of brokers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.bars import feed_bars, store_bars
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import MINUTE
from symscan.sources.brokers import BUILT_IN, find_broker
from symscan.sources.ports import LiveDay
from symscan.testing import BrokerCase, BrokerContract

EXAMPLES = Path(__file__).parents[2] / "examples"
NYSE = SessionCalendar("NYSE")
SESSION = NYSE.session(date(2026, 1, 15))


class TestBrokers(BrokerContract):
    @pytest.fixture(params=[*BUILT_IN, "bar_generator", "growing_csv"])
    def case(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[BrokerCase]:
        """One after the other, over a store that has the session."""
        name = request.param
        bars = feed_bars(SESSION.open + minute * MINUTE for minute in (1, 2))
        store = store_bars(tmp_path / "store", (SESSION, bars)) if name == "replay" else None
        monkeypatch.chdir(tmp_path)
        with ExitStack() as stack:
            if name == "alpaca":
                self._connect(stack, monkeypatch)
            if store is None:
                store = store_bars(tmp_path / "store")
            yield BrokerCase(find_broker(name, (EXAMPLES,)).cls, LiveDay(SESSION, NYSE, store.root))

    def _connect(self, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
        if find_spec("alpaca") is None:
            pytest.skip("the broker's client is an extra")
        from support.alpaca.server import AlpacaServer

        server = stack.enter_context(AlpacaServer())
        for variable, value in server.environment.items():
            monkeypatch.setenv(variable, value)
