"""Deciding who must know: plain values in, plain values out."""
