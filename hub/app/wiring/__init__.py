"""Makes the parts of a running hub from its configuration."""
