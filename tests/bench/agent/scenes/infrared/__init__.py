"""Infrared: people in the light of the camera's own lamp, and hours of nobody there."""
