"""Judge symbols by conditions that are kept: how a scanner written in code gives its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from symscan.model.bar import Floats, Mask
from symscan.model.decisions.clauses import COMPARISONS, Clause, ClauseKind, compared

Result = TypeVar("Result")
Values = TypeVar("Values", bound=np.ndarray[Any, Any])

MOST_NAMES: Final = 24
"""So many conditions a scanner may have in a session."""


class Symbols(Protocol):
    """What is judged: symbols, and columns of readings over them."""

    @property
    def symbols(self) -> tuple[str, ...]: ...
    def column(self, key: str) -> Floats: ...


class Judge(Generic[Result]):
    """Judges the symbols of a scan, and keeps by which values; ``context.judge`` is one.

    ``judge("rsi_14_5m", ">", 70)`` compares a reading, ``judge("lead", ">", 2.0, values=lead)`` numbers of
    one's own, ``judge("liquid", mask=is_liquid, known=is_known)`` takes what was decided. What is unknown is
    neither true nor false.

    Parameters
    ----------
    session_data
        The view of the scan.
    make_result
        Makes the result of a scan.
    names
        The names that the scanner's conditions had so far in the session; they are added to.
    explains
        Whether results bear their clauses.
    """

    def __init__(
        self,
        session_data: Symbols,
        make_result: Callable[..., Result],
        names: dict[str, None] | None = None,
        *,
        explains: bool = True,
    ) -> None:
        self._data = session_data
        self._make_result = make_result
        self._names = {} if names is None else names
        self._explains = explains
        self._clauses: dict[str, Clause] = {}  # by name and comparison

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """What was judged so far, in the order of the calls."""
        return tuple(self._clauses.values())

    def __call__(
        self,
        name: str,
        op: str | None = None,
        limit: ArrayLike | None = None,
        *,
        values: ArrayLike | None = None,
        mask: ArrayLike | None = None,
        known: ArrayLike | None = None,
    ) -> Judged[Result]:
        """Judge every symbol by one condition.

        Parameters
        ----------
        name
            A reading or an indicator; with ``values`` or ``mask`` any name, unique in the scan.
        op, limit
            How the value is compared, ``> >= < <= = <>``, and with what: a number, or one per symbol.
        values
            Numbers of one's own, shape ``(len(symbols),)``, NaN where unknown.
        mask, known
            What was decided instead of a comparison, and where it could be: booleans, one per symbol.

        Raises
        ------
        ValueError
            If the name is judged twice, or the arguments contradict each other or have another shape.
        """
        if mask is not None:
            if op is not None or limit is not None or values is not None:
                raise ValueError(f"judge('{name}'): give a comparison or a mask, not both")
            true, is_known = self._flags(name, "mask", mask), self._flags(name, "known", known, default=True)
            clause = Clause(name, None, None, None, true & is_known, ~true & is_known)
        else:
            clause = self._comparison(name, op, limit, values)
        return self._add(clause)

    def one(self, symbol: str, name: str, value: float, op: str, limit: float) -> bool:
        """Judge one symbol, for loops over symbols; returns whether the condition holds."""
        self._check_op(name, op)
        if symbol not in (places := self._places):
            raise ValueError(f"judge.one('{symbol}', '{name}'): '{symbol}' is none of session_data.symbols")
        clause = self._clauses.get(_key(name, op))
        if clause is None:
            clause = self._empty(name, op)
            self._add(clause)
        at = places[symbol]
        true, false = compared(op, np.array([value], np.float64), float(limit))
        assert clause.values is not None and isinstance(clause.limit, np.ndarray)
        assert clause.applies is not None
        clause.values[at], clause.limit[at], clause.applies[at] = value, limit, True
        clause.true[at], clause.false[at] = true[0], false[0]
        return bool(true[0])

    def result(
        self,
        found: Judged[Result],
        *,
        rank: ArrayLike | None = None,
        take: int | None = None,
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Result:
        """Make the result of a scan; see :meth:`Judged.result`."""
        order = self._order(found.true, rank)
        if take is not None:
            self._add(self._take(order, take))
        hits = [self._data.symbols[at] for at in order[:take].tolist()]
        return self._make_result(
            symbols=hits,
            metadata=self._values_of(hits) if metadata is None else metadata,
            unknown=~(found.true | found.false),
            clauses=self.clauses if self._explains else None,
        )

    def _comparison(
        self, name: str, op: str | None, limit: ArrayLike | None, values: ArrayLike | None
    ) -> Clause:
        if op is None or limit is None:
            raise ValueError(f"judge('{name}'): give a comparison, as in judge('{name}', '>', 2), or a mask")
        self._check_op(name, op)
        numbers = self._data.column(name) if values is None else self._numbers(name, "values", values)
        limits = float(limit) if np.ndim(limit) == 0 else self._numbers(name, "limit", limit)  # type: ignore[arg-type]
        true, false = compared(op, numbers, limits)
        return Clause(name, numbers, op, limits, true, false)

    def _empty(self, name: str, op: str) -> Clause:
        count = len(self._data.symbols)
        nobody = [np.zeros(count, np.bool_) for _ in range(3)]
        unknown = np.full(count, np.nan)
        return Clause(name, unknown, op, unknown.copy(), nobody[0], nobody[1], applies=nobody[2])

    def _take(self, order: np.ndarray[Any, np.dtype[np.intp]], take: int) -> Clause:
        if type(take) is not int or take < 1:
            raise ValueError(f"result(take={take!r}): give a whole number of 1 or more")
        places = np.full(len(self._data.symbols), np.nan)
        places[order] = np.arange(1.0, len(order) + 1.0)
        is_ranked = ~np.isnan(places)
        return Clause(
            f"take {take}", places, "<=", take, places <= take, places > take, ClauseKind.TAKE, 0, is_ranked
        )

    def _order(self, found: Mask, rank: ArrayLike | None) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Return who was found, best first: the highest rank, unknown last, ties by symbol."""
        at = found.nonzero()[0]
        symbols = np.array([self._data.symbols[one] for one in at.tolist()], np.str_)
        if rank is None:
            return at[np.argsort(symbols)]
        return at[np.lexsort((symbols, -self._numbers("result", "rank", rank)[at]))]

    def _values_of(self, hits: list[str]) -> dict[str, dict[str, float]]:
        places = self._places
        told = [one for one in self.clauses if one.values is not None and one.kind is ClauseKind.JUDGED]
        return {
            hit: {one.name: float(one.values[places[hit]]) for one in told if one.values is not None}
            for hit in hits
        }

    def _add(self, clause: Clause) -> Judged[Result]:
        name = _key(clause.name, clause.op)
        if name in self._clauses:
            raise ValueError(f"judge: '{name}' is judged twice in one scan; give the second another name")
        if name not in self._names and len(self._names) >= MOST_NAMES:
            raise ValueError(
                f"judge: '{name}' is one more than the {MOST_NAMES} conditions a scanner may have in a "
                "session; names are the same at every scan: give what changes as limit"
            )
        self._names[name] = None
        self._clauses[name] = clause
        return Judged(clause.true, clause.false, self)

    def _check_op(self, name: str, op: str) -> None:
        if op not in COMPARISONS:
            raise ValueError(f"judge('{name}'): '{op}' is no comparison; give one of {' '.join(COMPARISONS)}")

    def _numbers(self, name: str, what: str, given: ArrayLike) -> Floats:
        values: Floats = np.asarray(given, np.float64)
        return self._checked(name, what, values)

    def _flags(self, name: str, what: str, given: ArrayLike | None, *, default: bool = False) -> Mask:
        if given is None:
            return np.full(len(self._data.symbols), default)
        flags = np.asarray(given)
        if flags.dtype != np.bool_:
            raise ValueError(f"judge('{name}'): {what} holds {flags.dtype}; give booleans")
        return self._checked(name, what, flags)

    def _checked(self, name: str, what: str, values: Values) -> Values:
        count = len(self._data.symbols)
        if values.shape != (count,):
            raise ValueError(
                f"judge('{name}'): {what} has shape {values.shape}; give one value for each of the {count} "
                "session_data.symbols"
            )
        return values

    @cached_property
    def _places(self) -> dict[str, int]:
        return {symbol: at for at, symbol in enumerate(self._data.symbols)}


def _key(name: str, op: str | None) -> str:
    return name if op is None else f"{name} {op}"


@dataclass(frozen=True, slots=True, eq=False)
class Judged(Generic[Result]):
    """Where a condition holds and where not, with ``& | ~`` of three values: unknown is neither.

    Attributes
    ----------
    true, false
        Masks over ``session_data.symbols``.
    """

    true: Mask
    false: Mask
    judge: Judge[Result] = field(repr=False)

    def __and__(self, other: Judged[Result]) -> Judged[Result]:
        return replace(self, true=self.true & other.true, false=self.false | other.false)

    def __or__(self, other: Judged[Result]) -> Judged[Result]:
        return replace(self, true=self.true | other.true, false=self.false & other.false)

    def __invert__(self) -> Judged[Result]:
        return replace(self, true=self.false, false=self.true)

    def result(
        self,
        *,
        rank: ArrayLike | None = None,
        take: int | None = None,
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Result:
        """Make the result of a scan that finds where this holds.

        Parameters
        ----------
        rank
            A number per symbol: hits are ordered by it, highest first, unknown last, ties by symbol. None
            orders by symbol.
        take
            How many hits to keep, None for all.
        metadata
            Values by symbol; None for those that were judged.
        """
        return self.judge.result(self, rank=rank, take=take, metadata=metadata)
