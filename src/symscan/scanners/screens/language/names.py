"""The names an expression may use, and what each stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import takewhile
from typing import Final

import polars as pl

from symscan.errors import SpecError
from symscan.indicators.registry import definition, definitions, spec_of, user_definitions
from symscan.model.hit_metadata import SYMBOL
from symscan.model.readings import HAVE_PRIOR, LAST_BAR_END, SESSION_READINGS
from symscan.model.specs import prior_name, split_prior
from symscan.scanners.screens.language.terms import Kind
from symscan.scanners.screens.lists import ListName, no_such_scanner
from symscan.scanners.tables.dated_columns import days_to_column, days_to_name
from symscan.session.candidates import no_prior
from symscan.session.static_columns import Static

PRIOR: Final = "prior"
"""What a name begins with that is read some bars earlier."""

LAST_SCAN: Final = "last_scan"
"""What a name begins with that is read at the scanner's last scan."""

MARKET: Final = "market"
"""What a name begins with that is read of the market's symbol."""

_PRIOR: Final = re.compile(rf"{PRIOR}(\(|\.)")
_KEY_END = re.compile(r"_\d+(mo|[mhdw])$")


class UnknownNameError(Exception):
    """A name without a meaning; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Name:
    """What a name stands for.

    Attributes
    ----------
    column
        The one name of its column: ``rsi_14_1h`` for ``rsi_14_60m`` too.
    kind
        What its values are.
    indicator
        The key of the indicator it reads, None for a reading or a static column.
    of_market
        Whether it is a value of the market's symbol.
    scanner
        The scanner whose list it is; None for a value.
    """

    column: str
    kind: Kind
    indicator: str | None = None
    of_market: bool = False
    scanner: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Session readings, indicators by their key, and the universe's columns.

    Attributes
    ----------
    static
        The kind of each column of the universe, those of dated files included.
    has_market
        Whether a symbol is named that ``market.NAME`` reads.
    scanners
        The scanners that ``in_scanner`` may name; None: not known here, any.
    """

    static: Mapping[str, Kind] = field(default_factory=dict)
    has_market: bool = False
    scanners: tuple[str, ...] | None = None

    def resolve(self, name: str, output: str | None = None) -> Name:
        """What ``name``, or ``name.output``, stands for.

        Raises
        ------
        UnknownNameError
            If it stands for nothing, or only its outputs do.
        """
        if (counted := days_to_name(name)) is not None:
            return self.days_to(counted)
        listed = ListName.parse(name)
        if listed is not None:
            return self.in_scanner(listed)
        if output is not None:
            name = f"{name}.{output}"
        prefix, _, rest = name.partition(".")
        if rest and prefix == LAST_SCAN:
            return self._last_scan(rest)
        if rest and prefix == MARKET:
            return self._market(rest)
        if _PRIOR.match(name):
            return self._prior(name)
        return self._current(name)

    def days_to(self, name: str) -> Name:
        """What ``days_to(name)`` stands for: how many sessions it is until a date.

        Raises
        ------
        UnknownNameError
            If it is no column of dates.
        """
        dates = [one for one, kind in self.static.items() if kind is Kind.DATE]
        if name not in dates:
            known = f"columns of dates: {', '.join(dates)}" if dates else "dated files ('columns') have some"
            kind = "not known" if name not in self.static else f"a {self.static[name]}"
            raise UnknownNameError(
                f"days_to counts the sessions until a date, but '{name}' is {kind}; {known}"
            )
        return Name(days_to_column(name), Kind.NUMBER)

    def in_scanner(self, listed: ListName) -> Name:
        """What ``in_scanner('name', minutes)`` stands for.

        Raises
        ------
        UnknownNameError
            If there is no such scanner.
        """
        if self.scanners is not None and listed.scanner not in self.scanners:
            raise UnknownNameError(no_such_scanner(listed.scanner, self.scanners))
        return Name(listed.column, Kind.TRUTH, scanner=listed.scanner)

    def _last_scan(self, name: str) -> Name:
        """What ``last_scan.x`` stands for."""
        now = self.resolve(name)
        is_dated = days_to_name(name) is not None
        if is_dated or name.startswith(f"{LAST_SCAN}.") or now.kind is not Kind.NUMBER or name in self.static:
            raise UnknownNameError(
                f"'{LAST_SCAN}.{name}': only readings and indicators that are numbers have a value at the "
                f"last scan, as in {LAST_SCAN}.close"
            )
        return replace(now, column=f"{LAST_SCAN}.{now.column}")

    def _market(self, name: str) -> Name:
        """What ``market.x`` stands for."""
        now = self._prior(name) if _PRIOR.match(name) else self._current(name)
        if now.kind is not Kind.NUMBER or name in self.static:
            raise UnknownNameError(
                f"'{MARKET}.{name}': only readings and indicators that are numbers are read of the market, "
                f"as in {MARKET}.change_pct"
            )
        if not self.has_market:
            raise UnknownNameError(f'\'{MARKET}.{name}\' reads a symbol; name it, as in "market": "SPY"')
        return replace(now, column=f"{MARKET}.{now.column}", of_market=True)

    def _prior(self, name: str) -> Name:
        """What ``prior.x`` and ``prior(n).x`` stand for."""
        try:
            back, current = split_prior(name)
        except SpecError as error:
            raise UnknownNameError(str(error)) from None
        now = self._current(current)
        if now.indicator is None:
            if now.column not in HAVE_PRIOR:
                raise UnknownNameError(no_prior(now.column))
            return replace(now, column=prior_name(now.column, back))
        key = prior_name(now.indicator, back)
        try:
            spec_of(key)
        except SpecError as error:
            raise UnknownNameError(str(error)) from None
        return replace(now, column=prior_name(now.column, back), indicator=key)

    def _current(self, name: str) -> Name:
        """What a name of this instant stands for."""
        name, _, output_name = name.partition(".")
        output = output_name or None
        plain = self._plain(name)
        if plain is None:
            return self._indicator(name, output)
        if output is not None:
            raise UnknownNameError(f"'{name}' has no outputs; write it without '.{output}'")
        return plain

    def _plain(self, name: str) -> Name | None:
        if name == SYMBOL:
            return Name(SYMBOL, Kind.TEXT)
        if name == LAST_BAR_END:
            return Name(name, Kind.INSTANT)
        if name in SESSION_READINGS:
            return Name(name, Kind.NUMBER)
        if name in self.static:
            return Name(name, self.static[name])
        return None

    def _indicator(self, name: str, output: str | None) -> Name:
        try:
            spec = spec_of(name)
        except SpecError as error:
            raise UnknownNameError(self._what_is_meant(name, error)) from None
        outputs = definition(spec.name).outputs
        if len(outputs) == 1:
            if output not in (None, *outputs):
                raise UnknownNameError(f"'{name}' has one value; write it without '.{output}'")
            return Name(spec.key, Kind.NUMBER, spec.key)
        if output not in outputs:
            fields = ", ".join(f"{name}.{each}" for each in outputs)
            raise UnknownNameError(f"'{name}' has several values; write one of {fields}")
        return Name(f"{spec.key}.{output}", Kind.NUMBER, spec.key)

    def _what_is_meant(self, name: str, error: SpecError) -> str:
        if _is_meant_as_key(name):
            message = str(error)  # the registry describes best what is wrong with it
            return message if name in message else f"'{name}': {message}"
        known = [*SESSION_READINGS, *self.static]
        close = get_close_matches(name.lower(), known, n=1)
        guess = f"did you mean '{close[0]}'? " if close else ""
        columns = f"; this universe's columns: {', '.join(self.static)}" if self.static else ""
        return (
            f"'{name}' is not known; {guess}there are indicators by their key, as in rsi_14_5m, "
            f"and the readings {', '.join(SESSION_READINGS)}{columns}"
        )


def _is_meant_as_key(name: str) -> bool:
    """Whether a name begins with an indicator's name, or ends as a key does."""
    words = "_".join(takewhile(str.isalpha, name.split("_")))
    known = {one.name for one in definitions()} | {one.name for one in user_definitions()}
    return words in known or _KEY_END.search(name) is not None


def kind_of(values: Iterable[Static]) -> Kind:
    """The kind of a static column."""
    return Kind.TEXT if any(isinstance(value, str) for value in values) else Kind.NUMBER


def dtype_of(kind: Kind) -> pl.DataType:
    """The type of a column of a kind."""
    dtypes = {
        Kind.NUMBER: pl.Float64(),
        Kind.TEXT: pl.String(),
        Kind.TRUTH: pl.Boolean(),
        Kind.DATE: pl.Date(),
    }
    return dtypes.get(kind, pl.Datetime("us", "UTC"))


def kind_of_dtype(dtype: pl.DataType) -> Kind:
    """The kind of the values in a column."""
    if dtype == pl.Boolean():
        return Kind.TRUTH
    if isinstance(dtype, pl.Datetime):
        return Kind.INSTANT
    if dtype == pl.Date():
        return Kind.DATE
    return Kind.NUMBER if dtype.is_numeric() else Kind.TEXT
