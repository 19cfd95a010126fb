"""Tables with rows that are known since a date: read, checked, and joined as of an instant."""
