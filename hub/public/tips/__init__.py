"""Tips from the public, kept sealed."""
