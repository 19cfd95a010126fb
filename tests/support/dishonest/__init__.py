"""Scanners that cheat, each in one way, and an honest twin of each."""
