"""Grants: a right for a person in an area for a time, and its delegation."""
