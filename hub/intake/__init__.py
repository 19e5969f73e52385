"""Intake from the broker: decode, store, commit, acknowledge, send receipts."""
