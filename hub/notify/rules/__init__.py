"""Decides about channels and results of delivery; touches nothing outside."""
