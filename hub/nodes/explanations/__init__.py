"""Explanations of nodes: why a camera did not report people in its last hour."""
