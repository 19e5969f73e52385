"""The clip store: its index, retention, repair, encryption."""
