"""The schema of the configuration file in a process of its own."""

from __future__ import annotations

import subprocess
import sys


def test_help_need_not_wait_for_pydantic() -> None:
    program = "import sys, symscan.config; print([m for m in ('pydantic', 'polars') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert answer.stdout.strip() == "[]"
