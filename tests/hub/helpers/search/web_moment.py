"""Helpers of the tests of web moment, used by more than one module."""

EAST_200_M = 0.00183
