"""Helpers of the tests of channel files, used by more than one module."""

from pathlib import Path

from hub.app.config import HubSettings


def settings(folder: Path, **push: str) -> HubSettings:
    return HubSettings(
        web={"public_url": "https://hub.example"},
        push={"subject": "mailto:keeper@hub.example", **push},
        secrets={"folder": str(folder)},
    )


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path
