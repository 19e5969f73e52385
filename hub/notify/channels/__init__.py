"""Channels: Web Push, ntfy, Zalo, Apprise."""
