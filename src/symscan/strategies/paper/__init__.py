"""Filling orders of strategies on paper."""
