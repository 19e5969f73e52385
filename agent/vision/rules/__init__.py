"""Zones, lines, hours and groups: what a track must do to count."""
