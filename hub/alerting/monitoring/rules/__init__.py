"""Decides what counts as a trouble; touches nothing outside."""
