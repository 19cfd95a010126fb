"""The run of two sessions that the format of runs is tested with."""

from component.runs.conftest import bars, played, run, store
from component.runs.test_reading import old

__all__ = ["bars", "old", "played", "run", "store"]
