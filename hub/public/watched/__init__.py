"""The public page of what is watched, and why."""
