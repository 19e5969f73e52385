"""Wanted and reported settings and releases, and their roll-out."""
