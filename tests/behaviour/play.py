"""Play everything that symscan does, and keep what must stay equal while the code is put in order.

    python tests/behaviour/play.py OUT                  play; write normalised files and OUT/manifest.json
    python tests/behaviour/play.py --against COMMIT     play a commit and this tree; show what differs
    python tests/behaviour/play.py --accept             play, and make it what the test expects

What is played is a demo, a range of sessions, a live replay with faults, the same one killed and gone on
with, its parity, imports of awkward files, and the commands that only look. All of it goes through the
command line, in processes of its own, so that any commit that has these commands can be played.
``compare.py`` compares two plays.

A play is of the symscan that this interpreter imports, or with ``--tree`` of another source tree's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from commands import PlayError, Stage
from compare import differences
from normal import digest_of
from plays import play

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
MANIFEST: Final = HERE / "manifest.json"


def played(out: Path, tree: Path | None = None) -> dict[str, str]:
    """Play into a folder that is empty or not there; the digests of its files, by name."""
    if out.exists() and any(out.iterdir()):
        raise PlayError(f"{out} is not empty; name another folder")
    with tempfile.TemporaryDirectory(prefix="behaviour-") as folder:
        stage = Stage(Path(folder), tree)
        print(f"playing {stage.package()}", file=sys.stderr)
        play(stage, out)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    manifest = {path.relative_to(out).as_posix(): digest_of(path) for path in files}
    (out / MANIFEST.name).write_text(json.dumps(manifest, indent=0) + "\n")
    return manifest


def changes(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """The files whose digests are not those expected."""
    return [name for name in sorted(expected | found) if expected.get(name) != found.get(name)]


@contextmanager
def _checked_out(commit: str) -> Iterator[Path]:
    """The source tree of a commit, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="behaviour-tree-") as folder:
        tree = Path(folder, "tree")
        _git("worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        raise PlayError(f"git {' '.join(arguments)}: {done.stderr.strip()}")


def _compare_with(commit: str, out: Path) -> bool:
    """Play a commit and this tree; say what differs, and whether nothing does."""
    with _checked_out(commit) as tree:
        played(out / "before", tree)
    played(out / "now", ROOT)
    found = list(differences(out / "before", out / "now"))
    print("\n".join(found) or f"equal to the byte with {commit}")
    return not found


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Play everything that symscan does.")
    parser.add_argument(
        "out", type=Path, nargs="?", help="where the files go; a temporary folder if not given"
    )
    parser.add_argument("--tree", type=Path, help="play the symscan of this source tree")
    parser.add_argument("--against", metavar="COMMIT", help="play this commit as well, and compare")
    parser.add_argument("--accept", action="store_true", help="make what was played what the test expects")
    given = parser.parse_args(arguments)
    if given.out is None and not (given.against or given.accept):
        parser.error("say where the files go, or give --against or --accept")
    if given.against and (given.accept or given.tree):
        parser.error("--against compares, and plays trees of its own")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """Play as the command line says; 1 if a comparison finds a difference."""
    given = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="behaviour-out-") as folder:
        out = given.out or Path(folder, "out")
        try:
            if given.against:
                return 0 if _compare_with(given.against, out) else 1
            found = played(out, given.tree)
        except PlayError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    if given.accept:
        before = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {}
        print("\n".join(changes(before, found)) or "nothing has changed")
        MANIFEST.write_text(json.dumps(found, indent=0) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
