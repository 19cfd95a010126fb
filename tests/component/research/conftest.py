"""The run of two sessions that the format of runs is tested with."""

from component.runs.conftest import bars, played, run, store

__all__ = ["bars", "played", "run", "store"]
