"""One call of a scanner, its result and the checks of it."""
