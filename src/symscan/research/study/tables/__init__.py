"""The tables of a study: rows of hits joined over sessions, and what they come to."""
