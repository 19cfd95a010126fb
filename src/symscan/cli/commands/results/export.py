"""``symscan export``: a run's results in another format."""

from __future__ import annotations

import sys
from pathlib import Path

from symscan.errors import InputError
from symscan.runs.export import ExportOptions, export, export_to
from symscan.runs.reading import RunFiles


def export_run(folder: Path, options: ExportOptions, out: Path | None) -> None:
    """Write what is exported to a file, or to standard output.

    Raises
    ------
    InputError
        If there is no run, or nothing such to export; or Parquet for a terminal.
    """
    if options.format == "parquet" and out is None:
        raise InputError("Parquet is no text; give --out FILE")
    run = RunFiles.open(folder)
    if out is None:
        sys.stdout.write(export(run, options).decode())
    else:
        export_to(run, options, out)
        print(out)
