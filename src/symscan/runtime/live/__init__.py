"""A live session: what it is made of, opening it, storing its bars at the close."""
