"""What a live session prints: hits, conditions, activity."""
