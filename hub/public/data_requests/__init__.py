"""Requests of persons about data that concerns them."""
