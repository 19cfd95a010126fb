"""Other editions of a universe's file: another order, half of it, what was known on a date."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from symscan.model.universes.universe_spec import SET_KEYS
from symscan.scanners.membership import END, START
from symscan.scanners.universe import STORE, read_universe

_SYMBOLS: Final = ("symbol", "ticker")


@dataclass(frozen=True, slots=True)
class UniverseText:
    """The text of a universe's file.

    Attributes
    ----------
    comments
        Its lines of comments.
    header
        The names of its columns; None of a list.
    rows
        Its rows, of a list one symbol each.
    """

    comments: tuple[str, ...]
    header: tuple[str, ...] | None
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, path: Path) -> UniverseText:
        """Read a file that was found sound before."""
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        comments = tuple(line for line in lines if line.lstrip().startswith("#"))
        content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if path.suffix.lower() != ".csv":
            return cls(comments, None, tuple((line.strip(),) for line in content))
        header, *rows = (tuple(one) for one in csv.reader(content, skipinitialspace=True))
        return cls(comments, header, tuple(rows))

    def with_rows(self, rows: Sequence[Sequence[str]]) -> bytes:
        """Return the file with other rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self.header is None:
            text.writelines(f"{one[0]}\n" for one in rows)
        else:
            writer.writerow(self.header)
            writer.writerows(rows)
        return ("".join(f"{line}\n" for line in self.comments) + text.getvalue()).encode()

    @property
    def as_of(self) -> date | None:
        """The date the list was true, as it was found sound before; None if it does not say."""
        given = [line.partition(":")[2].strip() for line in self.comments if "as_of" in line.lower()]
        return date.fromisoformat(given[0]) if given else None

    def reversed(self) -> bytes:
        """Return the file with its rows the other way round."""
        return self.with_rows(self.rows[::-1])

    def shuffled(self, seed: Sequence[int]) -> bytes:
        """Return the file with its rows in another order."""
        order = np.random.default_rng(list(seed)).permutation(len(self.rows))
        return self.with_rows([self.rows[at] for at in order])

    def half(self, seed: Sequence[int]) -> tuple[bytes, frozenset[str]]:
        """Return the file with half of its symbols, and which they are."""
        at = self._at(lambda name: name in _SYMBOLS)
        symbols = sorted({row[at] for row in self.rows})
        order = np.random.default_rng(list(seed)).permutation(len(symbols))
        kept = frozenset(symbols[one] for one in order[: max(1, len(symbols) // 2)])
        return self.with_rows([row for row in self.rows if row[at] in kept]), kept

    @property
    def is_dated(self) -> bool:
        """Whether it says from when until when its rows are true."""
        return bool({START, END} & set(self._names))

    def edition_of(self, day: date) -> bytes:
        """Return the file as one who wrote it on a date could have: without what came later."""
        kept = []
        start, end = (self._place(name) for name in (START, END))
        for row in self.rows:
            if start is not None and row[start].strip() > str(day):
                continue
            cells = list(row)
            if end is not None and cells[end].strip() > str(day):
                cells[end] = ""
            kept.append(cells)
        return self.with_rows(kept)

    @property
    def number_columns(self) -> tuple[str, ...]:
        """The names of the columns that hold numbers."""
        return tuple(
            name
            for at, name in enumerate(self._names)
            if name not in (*_SYMBOLS, START, END) and self._is_number(at)
        )

    def with_other_numbers(self, name: str, seed: Sequence[int]) -> bytes:
        """Return the file with the values of a column given to other symbols."""
        at = self._names.index(name)
        order = np.random.default_rng(list(seed)).permutation(len(self.rows))
        values = [self.rows[one][at] for one in order]
        return self.with_rows(
            [(*row[:at], value, *row[at + 1 :]) for row, value in zip(self.rows, values, strict=True)]
        )

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(one.strip().lower() for one in self.header or ())

    def _place(self, name: str) -> int | None:
        return self._names.index(name) if name in self._names else None

    def _at(self, matches: Callable[[str], bool]) -> int:
        return next((at for at, name in enumerate(self._names) if matches(name)), 0)

    def _is_number(self, at: int) -> bool:
        given = [row[at].strip() for row in self.rows if row[at].strip()]
        try:
            return bool(given) and all(float(one) == float(one) for one in given)
        except ValueError:
            return False


def universe_files(spec: object, folders: Sequence[Path]) -> list[Path]:
    """Return the files of a universe: its own, or those of the ones it is made of."""
    if isinstance(spec, str):
        if spec == STORE:
            return []
        path = read_universe(spec, folders, known=lambda: ["-"]).path.resolve()
        if path.suffix.lower() != ".json":
            return [path]
        return [path, *universe_files(json.loads(path.read_text(encoding="utf-8")), (*folders, path.parent))]
    if isinstance(spec, Mapping):
        parts = [one for key in SET_KEYS for one in spec.get(key, ())]
        return [path for one in parts for path in universe_files(one, folders)]
    return []


def names_store(spec: object) -> bool:
    """Whether a universe is all that the store has, or is made of it."""
    if isinstance(spec, Mapping):
        return any(names_store(one) for key in SET_KEYS for one in spec.get(key, ()))
    return spec == STORE


def place_in_project(path: Path, project: Path, config_folder: Path) -> str:
    """Return by which relative path a file is found first in the current folder, instead of where it is."""
    for folder in (project, config_folder):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return f"data/universes/{path.name}"
