"""Oversight: who looked at what, reports, metrics."""
