"""The folder of a run: its files, their columns, written session by session and read back."""
