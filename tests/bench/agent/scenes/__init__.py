"""The scene suite: streets, weather, crowds and nights to test detection.

Everything is made from two recordings of one Debian package and a seed, so that two runs use the
same pictures. See docs/contributing/scene-suite.md.
"""
