"""A transaction on a bar store: write new files, swap the catalogue, then remove the old files."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final
from uuid import uuid4

import polars as pl

from symscan.errors import DataError
from symscan.locking import lock_file
from symscan.model.interval import Interval
from symscan.sources.store.catalogue import BarFile, Catalogue, write_catalogue

LOCK_NAME: Final = "import.lock"

_ROW_GROUP_ROWS: Final = 120_000
"""Large enough to read 3 million rows in one go, small enough that a few symbols skip most of a file."""

_OURS: Final = re.compile(r"(\d{4}-\d\d-\d\d|splits)\.[0-9a-f]{16}\.parquet|(writing|spill)-[0-9a-f]{32}")


@contextmanager
def locked(root: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the store's lock, which the operating system releases when its holder dies.

    Parameters
    ----------
    root
        The store's folder.
    wait_seconds
        How long to wait for another holder.

    Raises
    ------
    DataError
        If another process holds it, or the store cannot be written.
    """
    lock = lock_file(
        root / LOCK_NAME,
        busy=f"{root}: another import is writing to this store; try again when it is done",
        unwritable="the bar store cannot be written",
        wait_seconds=wait_seconds,
    )
    try:
        yield
    finally:
        lock.release()


class StoreUpdate:
    """New content for a store; it takes effect with :meth:`commit`.

    A file's name holds a digest of its content, so one name never means two contents and unchanged
    content is not written twice.
    """

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._old = catalogue
        self._files: defaultdict[Interval, dict[date, BarFile]] = defaultdict(dict)
        self._symbols: defaultdict[Interval, dict[date, frozenset[str]]] = defaultdict(dict)
        self._splits = catalogue.splits
        self._origin = catalogue.origin
        self._fetched = {subject: dict(dates) for subject, dates in catalogue.fetched.items()}
        self._written: set[str] = set()

    def set_origin(self, origin: str | None) -> None:
        """Set the origin of this update's bars, None for files, before any are put.

        Raises
        ------
        DataError
            If the store's bars have another origin: their volumes would not be comparable.
        """
        check_same_origin(self._root, self._old, origin)
        self._origin = origin

    def record_fetched(self, subject: str, day: date, symbols: Collection[str]) -> None:
        """Record that a date was fetched for these symbols."""
        dates = self._fetched.setdefault(subject, {})
        dates[day] = dates.get(day, frozenset()).union(symbols)

    def put(self, interval: Interval, session: date, bars: pl.DataFrame) -> bool:
        """Write all bars of a session, in the stored order; return whether they have changed."""
        symbols = frozenset(bars["symbol"].unique())
        name = self._write(bars, str(interval), session.isoformat())
        self._files[interval][session] = BarFile(name, bars.height, len(symbols))
        self._symbols[interval][session] = symbols
        return self._files[interval][session] != self._old.files(interval).get(session)

    def put_splits(self, splits: pl.DataFrame) -> None:
        """Write the splits, all of them."""
        self._splits = self._write(splits, "", "splits")

    def commit(self) -> Catalogue:
        """Swap in the catalogue with the new files, and remove files that it does not name."""
        new = replace(
            self._old,
            splits=self._splits,
            generation=self._old.generation + 1,
            origin=self._origin,
            fetched={subject: dict(sorted(dates.items())) for subject, dates in self._fetched.items()},
        )
        for interval, files in self._files.items():
            new = new.with_bars(interval, files, self._symbols[interval])
        write_catalogue(self._root, new)
        _remove_unnamed(self._root, new)
        return new

    def roll_back(self) -> None:
        """Remove the files written."""
        for name in self._written:
            (self._root / name).unlink(missing_ok=True)
        for folder in {(self._root / name).parent for name in self._written} - {self._root}:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _write(self, frame: pl.DataFrame, folder: str, stem: str) -> str:
        """Write a file of new content and return its name in the folder."""
        (self._root / folder).mkdir(exist_ok=True)
        temporary = Path(folder) / f"writing-{uuid4().hex}"
        self._written.add(str(temporary))
        frame.write_parquet(self._root / temporary, compression="lz4", row_group_size=_ROW_GROUP_ROWS)
        name = f"{stem}.{_digest(self._root / temporary)}.parquet"
        target = str(Path(folder) / name)
        if Path(target).as_posix() not in self._old.names():
            self._written.add(target)
        (self._root / temporary).replace(self._root / target)
        self._written.discard(str(temporary))
        return name


def check_same_origin(root: Path, catalogue: Catalogue, origin: str | None) -> None:
    """Check that bars of an origin, None being files, may be put into a store.

    Raises
    ------
    DataError
        If the store's bars come from elsewhere: their volumes would not be comparable.
    """
    held = catalogue.origin
    if origin == held or (held is None and not catalogue.bars):
        return
    stored = "bars imported from files" if held is None else f"bars fetched from {held}"
    given = "imported ones" if origin is None else f"those of {origin}"
    raise DataError(
        f"{root}: the store holds {stored}, and {given} do not mix with them: volumes and prices "
        "differ from feed to feed; give another folder with --store"
    )


def _digest(path: Path) -> str:
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
        os.fsync(file.fileno())
    return digest


def _remove_unnamed(root: Path, catalogue: Catalogue) -> None:
    """Remove bar files that the catalogue does not name: replaced ones, and those of a killed import."""
    named = catalogue.names()
    for path in (*root.glob("*"), *root.glob("*/*")):
        if _OURS.fullmatch(path.name) and path.relative_to(root).as_posix() not in named:
            path.unlink(missing_ok=True)
