"""Stored clips and pictures for those who may see them."""
