"""Covered, turned, blinded: what happened to a camera's view."""
