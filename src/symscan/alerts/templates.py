"""The text of an alert: words, and names in braces that stand for values of the hit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Final

from symscan.errors import InputError
from symscan.formatting import format_number, format_price
from symscan.scanners.screens.language.terms import Kind

FACTS: Final = ("symbol", "scanner", "rule", "time")
"""Names that stand for texts, whatever the scanner."""

DEFAULT_TEXT: Final = "{symbol} {price} {change_pct:+.2f} % ({scanner}, rank {rank}, {time})"
LEFT_TEXT: Final = "{symbol} left {scanner} ({time})"

_UNKNOWN: Final = "unknown"
_LONGEST_VALUE: Final = 60

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with names in braces, ready to be filled in.

    Attributes
    ----------
    parts
        The words before each name, the name and its format; the last has no name.
    """

    parts: tuple[tuple[str, str | None, str], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse a text.

        Raises
        ------
        InputError
            If the braces do not fit, or hold anything but a name and a format.
        """
        return cls(tuple(_parts(text)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names, each once."""
        return tuple(dict.fromkeys(name for _, name, _ in self.parts if name is not None))

    def check(self, kind_of: Callable[[str], Kind | None]) -> None:
        """Check that the formats fit the names.

        Parameters
        ----------
        kind_of
            What the values of a name are; None where that is not known.

        Raises
        ------
        InputError
            If one does not.
        """
        for _, name, form in self.parts:
            if name is None or not form:
                continue
            is_text = name in FACTS or kind_of(name) not in (Kind.NUMBER, None)
            try:
                format("a" if is_text else 1.5, form)
            except ValueError:
                what = "a text" if is_text else "a number that may have decimals"
                raise InputError(
                    f"'{{{name}:{form}}}': the format does not fit {what}; write one as in "
                    "{change_pct:+.1f}, or none"
                ) from None

    def fill(self, value_of: Callable[[str], Value]) -> str:
        """Return the text with the values of the names; what is unknown reads ``unknown``."""
        return "".join(
            words + ("" if name is None else _shown(name, value_of(name), form))
            for words, name, form in self.parts
        )


def _parts(text: str) -> Iterator[tuple[str, str | None, str]]:
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise InputError(f"{error}; names stand in braces as in {{symbol}}, and {{{{ is a brace") from None
    for words, name, form, conversion in parsed:
        if name == "" or conversion is not None or "{" in (form or ""):
            raise InputError("braces hold a name and maybe a format, as in {symbol} or {change_pct:+.1f}")
        yield words, name, form or ""


def _shown(name: str, value: Value, form: str) -> str:
    if value is None:
        return _UNKNOWN
    if isinstance(value, str):
        try:
            shown = format(value, form)
        except ValueError:  # of a scanner in code: a text where a number was expected
            shown = value
        return shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}..."
    if form:
        return format_number(value, form)
    if "price" in name or name == "previous_close":
        return format_price(value)
    return format_number(value, ",.0f" if value == int(value) else ",.4g")
