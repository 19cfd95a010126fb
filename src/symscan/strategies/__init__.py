"""Strategies: their base class, the engine that calls them, and the paper account of their signals."""
