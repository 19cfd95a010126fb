"""Bars from files into a bar store."""
