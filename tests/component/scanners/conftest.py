"""A session made of plain arrays for every scanner."""

from support.array_view import session

__all__ = ["session"]
