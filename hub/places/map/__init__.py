"""The map of cameras and its background."""
