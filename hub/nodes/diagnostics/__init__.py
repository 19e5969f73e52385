"""Diagnosis files that the hub asks of a node."""
