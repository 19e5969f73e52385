"""Bundles of the agent's releases, kept for nodes."""
