"""Decides about the life cycle and the grouping of alerts; touches nothing outside."""
