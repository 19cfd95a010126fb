"""One session of a study: played, and measured as far as it can say by itself."""
