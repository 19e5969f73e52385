"""Descriptions of sightings in words, from their best views."""
