"""The scene suite: streets, weather, crowds and nights that the eyes are judged on.

Everything is made from two recordings of one Debian package and a seed, so that two runs judge
the same pictures. See docs/contributing/scene-suite.md.
"""
