"""One session, from open to close: the parts put together and driven."""
