"""Measuring the eyes alone: a recording in, what they saw and what it cost out."""
