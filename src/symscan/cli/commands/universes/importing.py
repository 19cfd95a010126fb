"""``symscan data import-membership``: a universe by dates of a list of memberships."""

from __future__ import annotations

from pathlib import Path

from symscan.errors import InputError
from symscan.formatting import format_count
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import writing
from symscan.scanners.membership_import import read_membership, universe_text
from symscan.scanners.universe import load_universe


def import_membership(file: Path, out: Path, members: str | None) -> None:
    """Write a universe by dates from a file of memberships, and print what it holds.

    Raises
    ------
    InputError
        If ``out`` is no CSV file's name.
    UniverseError
        If the file is none of the forms, or contradicts itself; nothing is written.
    """
    if out.suffix != ".csv":
        raise InputError(f"--out {out}: a universe by dates is a table; give a name that ends in .csv")
    today = () if members is None else load_universe(members, (Path(),)).symbols
    form, periods = read_membership(file, today)
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}")
    with writing(out), replacing(out) as temporary:
        temporary.write_text(universe_text(periods), encoding="utf-8")
    count = format_count(len({one.symbol for one in periods}), "symbol")
    print(f"Wrote {out}: {count} in {format_count(len(periods), 'period')}, from {form}.")
    if form == "changes" and members is None:
        print("  Who was never added or removed is not among them; give --members NAME, today's list.")
