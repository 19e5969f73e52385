"""The page of one camera."""
