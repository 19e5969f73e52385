"""Decides about recipients and batching; touches nothing outside."""
