"""Encoded and decoded pictures and sound."""
