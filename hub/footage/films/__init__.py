"""Untrusted video files from other people: read and cut in a limited child process."""
