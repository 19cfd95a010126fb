"""Where bars come from: the bar store, what fills and checks it, and the two ports of a session."""
