"""What plays say of a scanner: compared, counted, confirmed."""
