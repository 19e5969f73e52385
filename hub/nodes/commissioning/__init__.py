"""Aims a camera and sends a test alert when a node is installed."""
