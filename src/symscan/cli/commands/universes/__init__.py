"""Commands of universes."""
