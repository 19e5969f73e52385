"""Requests of the hub to a node for clips and time spans."""
