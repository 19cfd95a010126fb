"""The benchmarks run: they patch and build parts of the engine by name, which no type checker sees."""

import subprocess
import sys
from pathlib import Path

import pytest

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        ["session.py", "small", "--rounds", "1"],
        ["python.py", "--rounds", "1"],
        ["range.py", "least", "--rounds", "1"],
        ["daily.py", "--symbols", "60", "--sessions", "12", "--rounds", "1"],
        ["divided.py", "range"],
        ["outcomes.py", "--symbols", "60", "--rounds", "1"],
        ["study.py", "small", "--rounds", "1"],
        ["why.py", "--symbols", "60", "--rounds", "1"],
        ["latency.py", "--symbols", "50", "--bursts", "8"],
        ["disturbance.py", "--symbols", "50", "--bursts", "8", "--rounds", "1"],
        ["alerts.py", "--speed", "20000"],
    ],
    ids=lambda script: script[0],
)
def test_a_benchmark_runs_to_its_end(script: list[str]) -> None:
    command = [sys.executable, str(_BENCHMARKS / script[0]), *script[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert '_equal": false' not in done.stdout
