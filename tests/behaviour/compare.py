"""Compare what two plays left: name the files that differ and show the first lines that do.

    python tests/behaviour/compare.py OUT_A OUT_B [--lines 5]

The exit code is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Final

_MISSING: Final = "(no such line)"
_WIDTH: Final = 300


def differences(a: Path, b: Path, lines: int = 5) -> Iterator[str]:
    """What differs between two folders, in lines for people; none if they are equal to the byte."""
    of_a, of_b = _files(a), _files(b)
    for name in sorted(of_a | of_b):
        if name not in of_b:
            yield f"{name}: only in {a}"
        elif name not in of_a:
            yield f"{name}: only in {b}"
        elif (a / name).read_bytes() != (b / name).read_bytes():
            yield from _of_file(name, (a / name).read_text(), (b / name).read_text(), lines)


def _files(folder: Path) -> set[str]:
    if not folder.is_dir():
        raise SystemExit(f"{folder}: there is no such folder")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - {"manifest.json"}  # its digests say what the files say


def _of_file(name: str, a: str, b: str, lines: int) -> Iterator[str]:
    pairs = zip_longest(a.split("\n"), b.split("\n"), fillvalue=_MISSING)
    differing = [(number, *pair) for number, pair in enumerate(pairs, start=1) if pair[0] != pair[1]]
    yield f"{name}: {len(differing)} lines differ, the first at line {differing[0][0]}"
    for number, one, other in islice(differing, lines):
        start = _first_difference(one, other)
        yield f"  {number} - {_excerpt(one, start)}"
        yield f"  {' ' * len(str(number))} + {_excerpt(other, start)}"


def _first_difference(one: str, other: str) -> int:
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )


def _excerpt(line: str, at: int) -> str:
    """A line around a place, if it is too long to be read whole."""
    first = 0 if len(line) <= _WIDTH else max(0, at - _WIDTH // 3)
    shown = line[first : first + _WIDTH]
    return f"{'... ' if first else ''}{shown}{' ...' if first + _WIDTH < len(line) else ''}"


def main() -> None:
    """Compare two folders."""
    parser = argparse.ArgumentParser(description="Compare what two plays left.")
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("--lines", type=int, default=5, help="how many differing lines of a file to show")
    given = parser.parse_args()
    found = list(differences(given.a, given.b, given.lines))
    print("\n".join(found) or "equal to the byte")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
