"""Strategies: what they are, how they are called, and what their signals come to on paper."""
