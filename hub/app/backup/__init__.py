"""Backup and restore of a hub."""
