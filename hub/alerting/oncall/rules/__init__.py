"""Decides who is on call at a moment; touches nothing outside."""
