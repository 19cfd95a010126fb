"""The files of a run's folder: written whole, a session at a time, replacing what was there."""
