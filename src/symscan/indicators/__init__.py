"""Indicators over all symbols at once: one object per spec holds vectors over rows."""
