"""Clips that can be watched while the camera still records them."""
