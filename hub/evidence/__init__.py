"""Footage as evidence: packages that show by themselves that they are whole and from whom."""
