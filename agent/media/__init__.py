"""Frames and packets: decoded pictures and encoded video, each with both clocks."""
