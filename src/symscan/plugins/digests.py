"""Digest the user's modules that a session ran, to detect later changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from symscan.plugins.errors import PROJECT


def digests(folders: Sequence[Path] = ()) -> dict[str, str]:
    """Return the files of the project's imported modules, each with a digest of its content.

    Parameters
    ----------
    folders
        Where the project is; none counts every project this process has seen.
    """
    modules = [one for name, one in sys.modules.items() if name.startswith(PROJECT)]
    files = sorted({file for one in modules if (file := getattr(one, "__file__", None))})
    if folders:
        files = [file for file in files if any(Path(file).is_relative_to(one.resolve()) for one in folders)]
    return {file: digest for file in files if (digest := _digest(Path(file))) is not None}


def changed(noted: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that changed or are gone."""
    for file, digest in noted.items():
        if _digest(Path(file)) != digest:
            yield file


def _digest(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
