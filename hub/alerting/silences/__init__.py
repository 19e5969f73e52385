"""Silences: no alerts from a place for a time."""
