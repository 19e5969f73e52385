"""Why people in view were not reported, or late."""
