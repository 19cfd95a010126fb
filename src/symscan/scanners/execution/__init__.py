"""Where calls of scanners run: inline, in threads, in processes."""
