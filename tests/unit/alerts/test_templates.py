from __future__ import annotations

from typing import Any

import pytest

from symscan.alerts.templates import DEFAULT_TEXT, Template
from symscan.errors import InputError
from symscan.scanners.screens.language.terms import Kind

VALUES: dict[str, Any] = {
    "symbol": "AMD",
    "scanner": "hot",
    "time": "10:35",
    "rank": 3.0,
    "price": 0.5,
    "change_pct": -9.6e-07,
    "volume": 1234567.0,
    "rsi_14_5m": 71.25,
    "sector": "Energy" * 20,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (DEFAULT_TEXT, "AMD 0.5000 0.00 % (hot, rank 3, 10:35)"),
        ("{volume} {rsi_14_5m} {rsi_14_5m:.0f}", "1,234,567 71.25 71"),
        ("{atr_14_5m:.2f} {no.such}", "unknown unknown"),
        ("{{{symbol:>5}}} 100%", "{  AMD} 100%"),
        ("{sector}", "Energy" * 10 + "..."),
        ("{sector:.2f}", "Energy" * 10 + "..."),
    ],
)
def test_names_stand_for_values_and_unknown_is_unknown(text: str, filled: str) -> None:
    assert Template.parse(text).fill(VALUES.get) == filled


@pytest.mark.parametrize("text", ["{", "a}", "{}", "{symbol!r}", "{price:{rank}}"])
def test_braces_hold_a_name_and_maybe_a_format(text: str) -> None:
    with pytest.raises(InputError, match=r"\{symbol\}"):
        Template.parse(text)


def test_what_looks_like_python_is_a_name_alone() -> None:
    assert Template.parse("{symbol.__class__} {symbol[0]}").fill(VALUES.get) == "unknown unknown"


@pytest.mark.parametrize(
    ("text", "what"), [("{price:d}", "a number"), ("{symbol:.1f}", "a text"), ("{sector:+}", "a text")]
)
def test_a_format_has_to_fit(text: str, what: str) -> None:
    with pytest.raises(InputError, match=f"does not fit {what}"):
        Template.parse(text).check({"price": Kind.NUMBER, "sector": Kind.TEXT}.get)
