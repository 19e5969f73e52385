"""Decides which node may bring footage; touches nothing outside."""
