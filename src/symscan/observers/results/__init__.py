"""The files of a run's folder, and its summary."""
