"""The contract of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from symscan.model.events.session import Event, SessionPrepared
from symscan.model.events.trading import OrderFilled, SignalEmitted, StrategyDone, StrategyFailed
from symscan.model.instant import MINUTE, Instant
from symscan.testing import market
from symscan.testing.played import CUT, PlayedContract


class StrategyContract(PlayedContract):
    """What every strategy must keep to: it decides upon what the session has, and nothing else.

    It is played with a scanner named ``it`` that finds what moves by a percent. Derive a class whose
    name begins with ``Test``.

    Attributes
    ----------
    module
        As a configuration names it.
    config
        The strategy's settings.
    indicator_modules
        The modules of the indicators of one's own that it uses, as a configuration names them.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def events(cls, folder: Path) -> list[Event]:
        """The events of a session."""
        return cls.play(folder / "store", folder)

    @classmethod
    def play(cls, store: Path, folder: Path) -> list[Event]:
        """Play a session over a store; returns its events."""
        universe = market.write_universe(folder)
        windows = [{"start": "09:31", "end": "10:30", "interval": "1m"}]
        screen = {
            "name": "it",
            "universe": universe,
            "where": "abs(change_pct) > 1",
            "regular_session": windows,
        }
        strategy = {"name": "mine", "module": cls.module, "config": dict(cls.config)}
        data = {"scanners": [screen], "strategies": [strategy]}
        return market.play(store, data, indicator_modules=list(cls.indicator_modules))

    def test_it_is_never_at_fault(self, events: Sequence[Event]) -> None:
        """None of its methods raises or returns what is no decision; it is ended with the session."""
        assert [event for event in events if isinstance(event, StrategyFailed)] == []
        assert len([event for event in events if isinstance(event, StrategyDone)]) == 1

    def test_the_same_session_gives_the_same_decisions(self, events: Sequence[Event], folder: Path) -> None:
        """Neither chance, nor a clock, nor an earlier session decides."""
        assert _decisions(self.play(folder / "store", folder)) == _decisions(events)

    def test_the_future_changes_no_decision(
        self, events: Sequence[Event], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Without the bars to come it decides, and is filled, as with them."""
        folder = tmp_path_factory.mktemp("past")
        past = self.play(market.write_store(folder, CUT), folder)
        opens = next(event.opens_at for event in events if isinstance(event, SessionPrepared))
        until = opens + CUT * MINUTE
        assert _decisions(past, until) == _decisions(events, until)


def _decisions(events: Sequence[Event], until: Instant | None = None) -> list[Event]:
    kinds = (SignalEmitted, OrderFilled)
    return [event for event in events if isinstance(event, kinds) and (until is None or event.at < until)]
