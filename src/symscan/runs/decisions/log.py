"""Record what the scans of a session decide: an observer of their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.model.decisions.clauses import Clause, Code
from symscan.model.decisions.verdicts import ScanVerdicts
from symscan.model.session import Session
from symscan.runs.decisions.table import (
    ClauseHead,
    RecordedScan,
    ScanHead,
    ScannerDecisions,
    SessionDecisions,
    tabulate,
)

_AGE = "minutes_since_bar"


class DecisionLog:
    """Records the decisions of a session.

    Parameters
    ----------
    wanted
        Whose decisions are recorded; None for all scanners'.
    """

    def __init__(self, wanted: Callable[[str], bool] | None = None) -> None:
        self._wanted = wanted
        self._of: dict[str, _ScannerLog] = {}

    def wants_clauses(self, scanner: str) -> bool:
        """Whether the decisions of a scanner are recorded."""
        return self._wanted is None or self._wanted(scanner)

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:  # noqa: ARG002 - an observer's
        """Record a scan."""
        name = verdicts.scan.scanner
        if not self.wants_clauses(name):
            return
        log = self._of.get(name)
        if log is None:
            log = self._of[name] = _ScannerLog(name)
        log.add(verdicts)

    def decisions(self, session: Session, order: Sequence[str] = ()) -> SessionDecisions:
        """Return what was recorded; scanners in a given order, others after them."""
        names = dict.fromkeys([*(one for one in order if one in self._of), *self._of])
        tables: Mapping[str, ScannerDecisions] = {name: self._of[name].table() for name in names}
        return SessionDecisions(session.date, tables)


class _ScannerLog:
    """Records the scans of one scanner."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._heads: dict[tuple[ClauseHead, int], int] = {}
        self._labels: dict[int, dict[str, int]] = {}
        self._columns: dict[str, int] = {}
        self._scans: list[RecordedScan] = []
        self._last: tuple[Sequence[str], NDArray[np.intp]] | None = None

    def table(self) -> ScannerDecisions:
        """Return all scans as one table."""
        labels = {number: tuple(texts) for number, texts in self._labels.items()}
        heads = [replace(head, labels=labels.get(number)) for (head, _), number in self._heads.items()]
        return tabulate(self._name, heads, list(self._columns), self._scans)

    def add(self, verdicts: ScanVerdicts) -> None:
        """Add a scan; arrays are copied."""
        scan, clauses, count = verdicts.scan, verdicts.clauses, len(verdicts.candidates)
        codes = np.full((len(clauses), count), Code.UNKNOWN, np.uint8)
        values, limits = (np.full((len(clauses), count), np.nan) for _ in range(2))
        heads = self._heads_of(clauses)
        for at, clause in enumerate(clauses):
            codes[at] = clause.codes()
            if clause.labels is not None and clause.values is not None:
                values[at] = self._relabelled(int(heads[at]), clause.values, clause.labels)
            elif clause.values is not None:
                values[at] = clause.values
            if clause.limit is not None:
                limits[at] = clause.limit
        columns = self._columns_of(verdicts.candidates)
        place = np.zeros(len(self._columns), np.uint32)
        found = [self._columns[one] for one in scan.hits.symbols if one in self._columns]
        place[found] = np.arange(1, len(found) + 1, dtype=np.uint32)
        self._scans.append(
            RecordedScan(
                ScanHead(scan.at, str(scan.phase)),
                columns,
                heads,
                verdicts.verdict.astype(np.uint8),
                codes,
                values,
                limits,
                verdicts.reasons.astype(np.uint8),
                verdicts.column(_AGE).astype(np.float32),
                place[columns],
            )
        )

    def _heads_of(self, clauses: Sequence[Clause]) -> NDArray[np.intp]:
        """Return the numbers of clauses; two that are alike in one scan are two."""
        numbers = []
        for clause in clauses:
            key = ClauseHead(clause.name, clause.kind, clause.depth, clause.op), 0
            while (number := self._heads.setdefault(key, len(self._heads))) in numbers:
                key = key[0], key[1] + 1
            numbers.append(number)
        return np.array(numbers, np.intp)

    def _relabelled(self, head: int, values: Floats, labels: Sequence[str]) -> Floats:
        """Return the numbers of texts in the table of the whole session: those of a scan may be others."""
        known = self._labels.setdefault(head, {})
        numbers = np.array([known.setdefault(text, len(known)) for text in labels], np.float64)
        is_known = ~np.isnan(values)
        found = np.full(len(values), np.nan)
        found[is_known] = numbers[values[is_known].astype(np.intp)]
        return found

    def _columns_of(self, symbols: Sequence[str]) -> NDArray[np.intp]:
        """Return the columns of symbols; mostly they are those of the scan before."""
        if self._last is None or self._last[0] is not symbols:
            for symbol in symbols:
                self._columns.setdefault(symbol, len(self._columns))
            self._last = symbols, np.fromiter(map(self._columns.__getitem__, symbols), np.intp, len(symbols))
        return self._last[1]
