"""Commands around a live session: what people are sent, and what is measured."""
