"""Keeps a node running: the loop of a camera, the supervisor, health reports."""
