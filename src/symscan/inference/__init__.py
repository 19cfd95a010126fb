"""Means with the uncertainty they have, where the session is the unit of evidence."""
