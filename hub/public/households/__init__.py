"""Households that give footage of their own cameras."""
