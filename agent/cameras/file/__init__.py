"""Recordings and folders of pictures in place of a camera."""
