"""Rows for newcomers, in the session and in a pinned copy beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from support.feeds import ScriptedFeed
from support.harness import BEFORE, SESSION, TODAY
from support.markets import MemoryMarket
from symscan.errors import DataError, FeedError, SymscanError
from symscan.model.bar import BarSlice
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session
from symscan.runtime.processor import DataProcessor
from symscan.runtime.provisioning.rows import OutsiderLookup, allocate_rows
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarBatch, DailyHistory


class Market(MemoryMarket):
    """Learns of a symbol when it is asked for its days, as a store does that fetches."""

    def __init__(self, *hidden: str) -> None:
        super().__init__(SESSION, TODAY, BEFORE, mismatched=("B",))
        self.hidden = set(hidden)
        self.fault: Exception | None = None

    def symbols(self) -> frozenset[str]:
        return super().symbols() - self.hidden

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        if self.fault is not None:
            raise self.fault
        self.hidden.difference_update(symbols)
        return super().daily(symbols, session)


class Feed(ScriptedFeed):
    """A feed that may be out of order."""

    fault: Exception | None = None

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        if self.fault is not None:
            raise self.fault
        return super().bars(symbols, after, until)


def _played(minute: int) -> SessionData:
    """A session of A alone, up to a minute."""
    data, market = SessionData(SESSION), Market()
    processor = DataProcessor(data)
    allocate_rows(data, market, ["A"])
    market.subscribe({"A": 0}, data.capacity)
    for bar_slice in market.slices():
        assert isinstance(bar_slice, BarSlice)
        processor.process(bar_slice)
        if bar_slice.end == SESSION.open + minute * MINUTE:
            break
    return data


def test_newcomers_get_rows_and_what_is_known_of_them() -> None:
    data = SessionData(SESSION)
    market = Market("C")
    assert allocate_rows(data, market, ["A", "B", "A"]) == ["A", "B"]
    assert allocate_rows(data, market, ["B", "C", "GONE"]) == ["C", "GONE"]
    assert allocate_rows(data, market, ["A"]) == []
    np.testing.assert_equal(data.readings.previous_close[:4], [109, np.nan, np.nan, np.nan])
    assert data.mismatched[:4].tolist() == [False, True, False, False]
    assert data.in_store[:4].tolist() == [True, True, True, False]  # C since it was asked for


def test_a_stranger_reads_as_if_it_had_been_there() -> None:
    pinned = _played(8).pinned()
    feed = Feed(SESSION, [], TODAY, start=SESSION.open + 20 * MINUTE)
    session = OutsiderLookup(Market("B"), feed).session_with(pinned, ["B", "GONE"])
    assert "GONE" not in session.symbols
    row = session.symbols.row("B")
    names = ("open", "close", "volume", "last_bar_end")
    found = [session.readings.column(name)[row].item() for name in names]
    assert found == [50.0, 51.0, 2.0, SESSION.open + 8 * MINUTE]
    ((symbols, after, until),) = feed.fetches
    assert (symbols, after, until) == (["B"], SESSION.pre_open, pinned.now)  # nothing of what came since


def test_the_session_and_its_pinned_copy_are_not_touched() -> None:
    data = _played(8)
    pinned = data.pinned()
    OutsiderLookup(Market(), Feed(SESSION, [], TODAY, start=SESSION.close)).session_with(pinned, ["B"])
    for one in (data, pinned):
        assert "B" not in one.symbols
        assert len(one.symbols) == 1
        assert one.readings.column("close")[one.symbols.row("A")].item() == 17.0


@pytest.mark.parametrize("fault", [FeedError("no line"), DataError("the file is broken")])
@pytest.mark.parametrize("where", ["history", "feed"])
def test_what_cannot_be_fetched_stays_unknown(where: str, fault: SymscanError) -> None:
    market, feed = Market(), Feed(SESSION, [], TODAY, start=SESSION.close)
    (market if where == "history" else feed).fault = fault
    session = OutsiderLookup(market, feed).session_with(_played(8).pinned(), ["B"])
    row = session.symbols.row("B")
    assert row is None or np.isnan(session.readings.column("close")[row])
