"""Clips, pictures and films: upload, playback, live view, retention."""
