"""What happens in a session, as immutable events."""
