"""Oversight: the log of who looked at footage, reports, metrics."""
