"""Roles: which part of the hub a process does, and whether every part is done by somebody."""
