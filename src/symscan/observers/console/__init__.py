"""Console output of a live session: hits, conditions, activity."""
