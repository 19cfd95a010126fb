"""Notice what lessens the worth of a live session: lag, and what is not ready."""
