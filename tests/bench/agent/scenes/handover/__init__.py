"""Handovers: somebody leaves, and within four seconds somebody comes at the same place."""
