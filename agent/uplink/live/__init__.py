"""Live pictures, while somebody watches."""
