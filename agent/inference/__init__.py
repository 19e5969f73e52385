"""The network on the small computer: LiteRT, and its share of the processor."""
