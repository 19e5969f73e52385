"""Live view of a camera, while somebody watches."""
