"""Uploads of clips and pictures by nodes."""
