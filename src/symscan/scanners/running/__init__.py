"""The scanners of a session: their states, their due times and their events."""
