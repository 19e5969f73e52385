"""Cameras and the model as devices: the adapters behind the eyes' ports."""
