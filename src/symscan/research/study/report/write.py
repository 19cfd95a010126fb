"""Write the page of a study, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from symscan.errors import InputError
from symscan.research.study.report.page import page
from symscan.research.study.study import Study
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import TRY_AGAIN, writing


def write_page(study: Study, target: Path) -> Path:
    """Write the page of a study and return where.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise InputError(f"{target}: a page cannot be written there; give the name of a file in a folder")
    content = page(study)
    with writing(target, TRY_AGAIN), replacing(target) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="")
    return target
