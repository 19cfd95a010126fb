"""Help answers at once: no command loads what it works with before it works."""

from __future__ import annotations

import subprocess
import sys

from support.cli import environment

HEAVY = {"polars", "numpy", "pandas", "pydantic", "rich", "sqlalchemy", "alpaca"}
CODE = f"""
import sys
from symscan.cli import main
for line in ("--version", *sys.argv[1:]):
    try:
        main(line.split())
    except SystemExit:
        pass
print(sorted({HEAVY!r} & set(sys.modules)))
"""


def test_neither_the_version_nor_help_loads_anything_heavy() -> None:
    commands = ["", "run", "live", "demo", "parity", "scan", "explain", "scanners", "schema", "new scanner"]
    data = ["data", *(f"data {one}" for one in ("fetch", "import", "import-splits", "ls", "check"))]
    lines = [f"{command} --help" for command in (*commands, *data)]
    ended = subprocess.run(
        [sys.executable, "-c", CODE, *lines], capture_output=True, text=True, check=True, env=environment()
    )
    assert ended.stdout.count("Usage: symscan") == len(lines)
    assert ended.stdout.splitlines()[-1] == "[]"
    assert ended.stderr == ""
