"""Deciding what was seen: values in, values out; no clock, thread, file or log."""
