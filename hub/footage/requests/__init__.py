"""Clips and spans of time that the hub asks of a node."""
