"""Roles: which part of the hub's work a process does, and whether every part is done by some
process."""
