"""Footage on the node: the pre-roll ring, the clip writer, the shelf."""
