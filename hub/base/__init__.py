"""Foundations of every package of the hub: database, clock, audit log, files, text."""
