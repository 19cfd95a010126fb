from __future__ import annotations

import pytest

from symscan.formatting import format_number, format_price, printable


@pytest.mark.parametrize(
    ("price", "shown"),
    [
        (12.345, "12.35"),
        (1234.5, "1,234.50"),
        (1.0, "1.00"),
        (0.99, "0.9900"),
        (0.01234, "0.0123"),
        (-0.5, "-0.5000"),
        (None, "unknown"),
        (float("nan"), "unknown"),
    ],
)
def test_prices_below_a_dollar_have_four_decimals(price: float | None, shown: str) -> None:
    assert format_price(price) == shown


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (-0.001, ",.2f", "0.00"),
        (-0.001, "+.2f", "0.00"),
        (0.001, "+.2f", "0.00"),
        (-0.0, ".5g", "0"),
        (-0.4, ",.0f", "0"),
        (-0.006, "+.2f", "-0.01"),
        (2.0, "+.2f", "+2.00"),
        (-0.001, ".5g", "-0.001"),
        (float("-inf"), "+.2f", "-inf"),
    ],
)
def test_what_rounds_to_zero_has_no_sign(value: float, form: str, shown: str) -> None:
    assert format_number(value, form) == shown


def test_units_follow_known_numbers_only() -> None:
    assert format_number(-0.0, "+.2f", "%") == "0.00%"
    assert format_number(None, "+.2f", "%") == "unknown"


def test_what_a_terminal_would_obey_is_a_sign() -> None:
    assert printable("\x1b[31mred\nx\u202e") == "�[31mred�x�"
    assert printable("Größe > 2 · ok") == "Größe > 2 · ok"
