"""What universes are made of, and the files that are joined with them, as they are written."""
