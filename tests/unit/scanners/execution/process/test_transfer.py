"""Blocks are sent by numbers of one connection."""

from __future__ import annotations

import pickle

import pytest

from symscan.scanners.execution.process.transfer import known


def test_a_number_means_nothing_to_anybody_else() -> None:
    with pytest.raises(pickle.UnpicklingError, match="another process"):
        known(3)
