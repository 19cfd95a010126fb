"""Versions that must be the same wherever tasks of one run are done."""

from __future__ import annotations

import platform

import numpy as np

from symscan.tasks.cluster.versions import first_difference, versions


def test_the_versions_of_this_process() -> None:
    found = versions()
    assert list(found) == ["symscan", "numpy", "polars", "python", "platform"]
    assert (found["numpy"], found["python"]) == (np.__version__, platform.python_version())


def test_the_first_difference_is_named() -> None:
    assert first_difference(versions(), versions()) is None
    begun = {**versions(), "polars": "1.0.0"}
    assert first_difference(begun, versions()) == f"polars {versions()['polars']} instead of 1.0.0"
    assert first_difference(begun, {}) == f"symscan None instead of {versions()['symscan']}"
