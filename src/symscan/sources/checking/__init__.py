"""Checks of a bar store, and of the times of bars."""
