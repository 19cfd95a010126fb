"""The contract of scanners."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from symscan.model.events.session import Outcome, ScanFinished, ScannerDisabled
from symscan.model.instant import MINUTE
from symscan.testing import market
from symscan.testing.played import CUT, PlayedContract


class ScannerContract(PlayedContract):
    """What every scanner must keep to: it reads the session and returns symbols, and nothing else decides.

    It is played over a small market: symbols that rise, fall and stand still, that trade seldom, since today,
    and not at all. Derive a class whose name begins with ``Test``.

    Attributes
    ----------
    module
        As a configuration names it.
    config
        The scanner's settings; its ``universe`` is given by the contract.
    indicator_modules
        The modules of the indicators of one's own that it uses, as a configuration names them.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def scans(cls, folder: Path) -> list[ScanFinished]:
        """The scans of a session."""
        return cls.play(folder / "store", market.write_universe(folder))

    @classmethod
    def play(cls, store: Path, universe: str) -> list[ScanFinished]:
        """Play a session over a store; returns its scans."""
        one = market.scanner(cls.module, cls.config, universe)
        events = market.play(store, {"scanners": [one]}, indicator_modules=list(cls.indicator_modules))
        reasons = [event.reason for event in events if isinstance(event, ScannerDisabled)]
        assert not reasons, f"the scanner takes no part: {reasons[0]}"
        return [event for event in events if isinstance(event, ScanFinished)]

    def test_every_scan_ends_in_order(self, scans: Sequence[ScanFinished]) -> None:
        """No scan raises or overruns, also of symbols without any bar; each judges the whole universe."""
        assert [scan.error for scan in scans] == [None] * len(scans)
        assert {scan.outcome for scan in scans} == {Outcome.OK}
        assert len(scans) == 13

    def test_hits_are_symbols_of_the_market_each_once(self, scans: Sequence[ScanFinished]) -> None:
        """It finds no symbol twice, and none that has no bar."""
        for scan in scans:
            assert len(set(scan.hits.symbols)) == len(scan.hits.symbols)
            assert "GONE" not in scan.hits.symbols
            assert scan.judged + scan.unknown == scan.universe

    def test_metadata_is_of_the_hits_and_can_be_written(self, scans: Sequence[ScanFinished]) -> None:
        """Metadata has an entry for hits alone, made of what JSON can hold."""
        for scan in scans:
            assert set(scan.hits.metadata) <= set(scan.hits.symbols)
            assert scan.hits.stray_metadata is None
            json.dumps(dict(scan.hits.metadata), allow_nan=False, default=str)

    def test_the_same_session_gives_the_same_hits(self, scans: Sequence[ScanFinished], folder: Path) -> None:
        """Neither chance, nor a clock, nor an earlier session decides."""
        again = self.play(folder / "store", market.write_universe(folder))
        assert [_found(scan) for scan in again] == [_found(scan) for scan in scans]

    def test_the_future_changes_no_hit(
        self, scans: Sequence[ScanFinished], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Without the bars to come, scans find what they find with them."""
        folder = tmp_path_factory.mktemp("past")
        past = self.play(market.write_store(folder, CUT), market.write_universe(folder))
        until = scans[0].at + CUT * MINUTE
        assert [_found(scan) for scan in past if scan.at <= until] == [
            _found(scan) for scan in scans if scan.at <= until
        ]

    def test_where_nothing_trades_nothing_is_found(self, folder: Path) -> None:
        """Symbols without bars are unknown: neither found nor left out for good."""
        for scan in self.play(folder / "store", market.write_universe(folder, market.NOBODY)):
            assert (scan.outcome, scan.hits.symbols, scan.unknown) == (Outcome.OK, (), len(market.NOBODY))


def _found(scan: ScanFinished) -> tuple[Any, ...]:
    return scan.at, scan.hits.symbols, {one: dict(found) for one, found in scan.hits.metadata.items()}
