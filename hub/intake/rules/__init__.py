"""Decides about rates, presence and gaps of events; touches nothing outside."""
