"""Screens that wait, against a loop over symbols written from their rules."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symscan.errors import ExpressionError
from symscan.scanners.jobs.saved_state import restore_state, save_state
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.screen import ScreenScanner

nan = np.nan
Session = Callable[..., Any]
SYMBOLS = "ABCDEFGHIJ"
START = datetime(2018, 2, 27, 14, 35, tzinfo=UTC)


@pytest.fixture
def universe(tmp_path: Path) -> str:
    path = tmp_path / "ten.txt"
    path.write_text("\n".join(SYMBOLS) + "\n")
    return str(path)


class Loop:
    """What a screen of ``close > 5``, ranked by ``close``, finds by its rules: one symbol after the other."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.entered: dict[str, float] = {}
        self.left: dict[str, float] = {}
        self.count = dict.fromkeys(SYMBOLS, 0)

    def scan(self, minute: float, close: dict[str, float]) -> tuple[list[str], set[str], set[str]]:
        """Hits, kept ones and unknown ones."""
        screen, met, kept, unknown = self.screen, [], set(), set()
        for symbol in SYMBOLS:
            price = close[symbol]
            where = None if price != price else price > 5
            self.count[symbol] = self.count[symbol] + 1 if where else 0
            if symbol in self.entered:
                goes_on = where if screen.leave_when is None else None if price != price else not price < 3
                is_held = minute - self.entered[symbol] < screen.hold_minutes
                if goes_on or is_held:
                    met.append(symbol)
                    if not goes_on:
                        kept.add(symbol)
                elif goes_on is None:
                    unknown.add(symbol)
            else:
                is_cool = minute - self.left.get(symbol, -1e9) >= screen.cooldown_minutes
                if where and self.count[symbol] >= screen.confirm_scans and is_cool:
                    met.append(symbol)
                elif where is None:
                    unknown.add(symbol)
        met.sort(key=lambda one: (-close[one] if close[one] == close[one] else 1e9, one))
        hits = met[: screen.take]
        for symbol in [one for one in self.entered if one not in hits]:
            del self.entered[symbol]
            self.left[symbol] = minute
        for symbol in hits:
            self.entered.setdefault(symbol, minute)
        return hits, kept & set(hits), unknown


@pytest.mark.parametrize(
    "rules",
    [
        {"confirm_scans": 2},
        {"leave_when": "close < 3"},
        {"hold_minutes": 10},
        {"cooldown_minutes": 15},
        {
            "confirm_scans": 2,
            "leave_when": "close < 3",
            "hold_minutes": 12,
            "cooldown_minutes": 10,
            "take": 3,
        },
        {"hold_minutes": 20, "take": 2},
        {"confirm_scans": 3, "cooldown_minutes": 7.5, "leave_when": "close < 3"},
    ],
)
def test_a_screen_waits_by_its_rules(session: Session, universe: str, rules: dict[str, Any]) -> None:
    rng = random.Random(str(rules))
    screen = Screen(where="close > 5", rank="close", **rules)
    scanner, loop = ScreenScanner.of(screen, universe), Loop(screen)
    scanner.setup(session(SYMBOLS))
    assert scanner.is_stateful
    ok, entries, seen_kept = 0, 0, 0
    before: list[str] = []
    for number in range(60):
        close = {symbol: rng.choice([nan, 1, 2, 4, 4.5, 6, 7, 8, 9]) for symbol in SYMBOLS}
        context = session(SYMBOLS, ok_scans=ok, close=list(close.values()))
        context.current_time = START + timedelta(minutes=5 * number)
        result = scanner.scan(context)
        if rng.random() < 0.2:
            continue  # this scan turned out to have failed: it neither counts nor resets
        ok += 1
        hits, kept, unknown = loop.scan(5.0 * number, close)
        assert result.symbols == hits, number
        assert set(np.array(list(SYMBOLS))[result.unknown]) == unknown, number
        marked = {one for one, values in result.metadata.items() if values.get("kept")}
        assert marked == (kept if screen.hold_minutes else set()), number
        entries, seen_kept = entries + len(set(hits) - set(before)), seen_kept + len(kept)
        before = hits
    assert entries > 5
    assert not screen.hold_minutes or seen_kept > 1


def test_who_is_no_candidate_any_more_has_left(session: Session, universe: str) -> None:
    scanner = ScreenScanner.of(Screen(where="close > 5", cooldown_minutes=10, hold_minutes=60), universe)
    scanner.setup(session(SYMBOLS))
    found = []
    for number, symbols in enumerate(["AB", "A", "AB", "AB"]):
        context = session(symbols, ok_scans=number, close=[6] * len(symbols))
        context.current_time = START + timedelta(minutes=5 * number)
        found.append(scanner.scan(context).symbols)
    assert found == [["A", "B"], ["A"], ["A"], ["A", "B"]]


def test_who_waits_goes_on_in_another_process(session: Session, universe: str) -> None:
    screen = Screen(where="close > 5", confirm_scans=2)
    first, second = (ScreenScanner.of(screen, universe) for _ in range(2))
    for scanner in (first, second):
        scanner.setup(session(SYMBOLS))
    context = session("AB", ok_scans=0, close=[6, 6])
    context.current_time = START
    assert first.scan(context).symbols == []
    saved = save_state(first)
    assert saved is not None
    restore_state(second, saved)
    context = session("AB", ok_scans=1, close=[6, 6])
    context.current_time = START + timedelta(minutes=5)
    assert second.scan(context).symbols == ["A", "B"]


@pytest.mark.parametrize("part", ["confirm_scans", "hold_minutes", "cooldown_minutes"])
def test_numbers_out_of_bounds_are_refused(part: str) -> None:
    with pytest.raises(ExpressionError, match=f"{part} is -1") as caught:
        Screen(where="close > 5", **{part: -1})
    assert caught.value.part == part
