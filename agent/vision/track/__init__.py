"""Detections of successive frames joined into tracks."""
