"""Households that hand in footage of their own cameras."""
