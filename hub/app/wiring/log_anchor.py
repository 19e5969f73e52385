"""Path of the file of log anchors."""

from pathlib import Path

from hub.app.config import HubSettings


def anchor_file(settings: HubSettings) -> Path:
    """File with the log's last hash, one line per day."""
    return settings.store.media_folder / "log-anchors"
