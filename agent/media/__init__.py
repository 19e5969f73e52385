"""Decoded frames and encoded packets, each with monotonic and UTC time."""
