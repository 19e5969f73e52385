"""Coordination of the processes of a hub over one PostgreSQL."""
