"""A run divided among processes: each plays sessions, the one that was asked for the run writes them."""
