from __future__ import annotations

import pytest

from symscan.runtime.parallel import division
from symscan.runtime.parallel.division import Division


@pytest.mark.parametrize("jobs", [1, 3, 1024])
def test_more_processes_than_cores_are_not_started_before_the_range_is_known(
    monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(division, "cores", lambda: 2)
    assert Division(jobs).started().processes is None
