"""The grids of the network's answer; importable without the converter."""

STRIDES = (8, 16, 32)
BINS = 11  # per side of a box: distances 0..10 in strides
