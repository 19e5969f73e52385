"""Copies of H.265 clips that every browser can play."""
