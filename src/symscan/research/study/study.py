"""A study as data: its tables as polars frames, read when they are first used."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from symscan.errors import DataError, InputError
from symscan.research.study import files
from symscan.research.study.verdict import (
    change_sentence,
    holdout_sentence,
    placebo_sentences,
    tries_sentence,
    verdict,
)
from symscan.runs.description import read_record


def open_study(folder: Path | str) -> Study:
    """Open the folder of a study.

    Parameters
    ----------
    folder
        What ``symscan study`` or :func:`symscan.study` wrote.

    Raises
    ------
    InputError
        If there is no study in it.
    DataError
        If it is of a newer format, or damaged.
    """
    path = Path(folder)
    if not (path / files.STUDY).is_file():
        raise InputError(f"{path}: there is no study in it (it has no {files.STUDY})")
    record = read_record(path / files.STUDY)
    version = record.get("format_version")
    if not isinstance(version, int) or version > files.FORMAT_VERSION:
        raise DataError(
            f"{path}: the study has format version {version}, this symscan reads up to "
            f"{files.FORMAT_VERSION}; use the symscan that wrote it, or a newer one"
        )
    return Study(path, record)


class Study:
    """The results of a study; make it with :func:`symscan.study` or :func:`symscan.open_study`.

    Tables are read when they are first used, and kept. Returns and costs are basis points, instants UTC.

    Parameters
    ----------
    folder
        Its folder.
    record
        What ``study.json`` holds.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self._folder = folder
        self._record = record

    @cached_property
    def hits(self) -> pl.DataFrame:
        """Every hit that was studied, with what came of each horizon."""
        return self._read(files.HITS)

    @cached_property
    def summary(self) -> pl.DataFrame:
        """What hits came to, by scanner and horizon, with intervals."""
        return self._read(files.SUMMARY)

    @cached_property
    def groups(self) -> pl.DataFrame:
        """The same broken down: by time of day, rank, sector and more."""
        return self._read(files.GROUPS)

    @cached_property
    def sessions(self) -> pl.DataFrame:
        """The sums of each session, which all figures follow from."""
        return self._read(files.SESSIONS)

    @cached_property
    def curve(self) -> pl.DataFrame:
        """Hits and controls by the minute, from before the entry to after it."""
        return self._read(files.CURVE)

    @cached_property
    def delays(self) -> pl.DataFrame:
        """The headline for entries some minutes later."""
        return self._read(files.DELAYS)

    @cached_property
    def quantiles(self) -> pl.DataFrame:
        """The distribution of hits beside that of their controls, at the headline."""
        return self._read(files.QUANTILES)

    @cached_property
    def matched_on_change(self) -> pl.DataFrame:
        """The headline against any symbol that had moved as much; empty where ``match`` has ``change``."""
        path = self._folder / files.MATCHED_ON_CHANGE
        return self._read(files.MATCHED_ON_CHANGE) if path.exists() else pl.DataFrame()

    @cached_property
    def unknown(self) -> pl.DataFrame:
        """Why hits have no outcome, and how many."""
        return self._read(files.UNKNOWN)

    @cached_property
    def tries(self) -> dict[str, Any]:
        """How often these sessions were looked at, and what follows from it."""
        path = self._folder / files.TRIES
        return read_record(path) if path.exists() else {}

    @property
    def placebo(self) -> pl.DataFrame | None:
        """The headline on markets in which nobody can have an edge; None where it was not asked for."""
        return self._read(files.PLACEBO) if (self._folder / files.PLACEBO).exists() else None

    @property
    def verdicts(self) -> list[str]:
        """What was found at the headline, a sentence for each scanner."""
        rows = self.summary.filter(pl.col("horizon") == self.headline).rows(named=True)
        return [verdict(row, self.summary.height) for row in rows]

    @property
    def sentences(self) -> list[str]:
        """What stands beside the verdicts: who moved as much, tries, holdout, placebo markets."""
        found = [change_sentence(row) for row in self.matched_on_change.rows(named=True)]
        found += [tries_sentence(self.tries, self.scanners)] if self.tries else []
        holdout = holdout_sentence(self._record, self.tries)
        found += [] if holdout is None else [holdout]
        return found + ([] if self.placebo is None else placebo_sentences(self.placebo, self.tries["t"]))

    @property
    def settings(self) -> dict[str, Any]:
        """What was measured: ``study_config`` with every default."""
        found: dict[str, Any] = self._record["study"]
        return found

    @property
    def record(self) -> dict[str, Any]:
        """What ``study.json`` holds."""
        return self._record

    @property
    def path(self) -> Path:
        """The folder of the study."""
        return self._folder

    @property
    def scanners(self) -> list[str]:
        """The names of the scanners."""
        return list(self._record["scanners"])

    @property
    def headline(self) -> str:
        """The horizon of the verdict."""
        return str(self.settings["headline"])

    def report(self, path: Path | str | None = None) -> Path:
        """Write the study's page anew, and return where it is.

        Parameters
        ----------
        path
            The file; None for ``report.html`` in the study's folder.

        Raises
        ------
        InputError
            If it cannot be written there.
        """
        from symscan.research.study.report import write_page  # it reads a study

        return write_page(self, self._folder / files.REPORT if path is None else Path(path))

    def chart(self, name: str = "horizons", scanner: str | None = None) -> Any:
        """Return a chart of the page, as an altair chart.

        Parameters
        ----------
        name
            ``horizons``, ``curve``, ``sessions``, ``time_of_day``, ``quantiles``, ``excursions``,
            ``delays``, ``rank`` or ``placebo``.
        scanner
            Whose; None for the first.

        Raises
        ------
        InputError
            If altair is not installed, there is no such chart or scanner, or nothing to draw.
        """
        from symscan.research.study.report import study_chart

        return study_chart(self, name, scanner)

    def _repr_html_(self) -> str:
        from symscan.research.study.report import summary_html

        return summary_html(self)

    def _read(self, name: str) -> pl.DataFrame:
        path = self._folder / name
        try:
            if path.suffix == ".parquet":
                return pl.read_parquet(path)
            return pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
        except pl.exceptions.NoDataError:
            return pl.DataFrame()
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = str(error).partition("\n")[0]
            raise DataError(f"{path}: the file cannot be read ({reason}); make the study anew") from None

    def __repr__(self) -> str:
        return f"<Study of {', '.join(self.scanners)}: {self.path}>"
