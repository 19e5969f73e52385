"""The audit log: its lines, and `Acting`, which writes one for each act."""
