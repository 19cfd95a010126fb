"""Bars of the running session: grids of every symbol, and the coarser bars built from the finest."""
