"""Recordings by a camera's own recorder and by other people."""
