"""Troubles of nodes and cameras: silent, covered, full."""
