"""Fragmented MP4 files: written, hashed, and mended after a power cut."""
