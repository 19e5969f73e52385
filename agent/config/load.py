"""Reads the node's configuration, and refuses one whose passwords everybody may read."""

from pathlib import Path
from typing import Final

from agent.config.credentials import NODE_KEY, credential, holds_login, is_open_to_all
from agent.config.sections import AgentSettings
from toml_settings import ConfigError
from toml_settings import load as load_file
from toml_settings import removed_keys_in_use as removed_in_use

DEFAULT_FILE: Final = Path("/etc/matthan/agent.toml")


def load(path: Path | None) -> AgentSettings:
    """The settings in `path`, or in `DEFAULT_FILE`, overridden by the environment.

    Raises ConfigError with a line for each fault.
    """
    path = path or DEFAULT_FILE
    settings = load_file(AgentSettings, path)
    _check_privacy(path)
    return _with_credentials(settings)


def removed_keys_in_use(path: Path | None) -> list[str]:
    """A line for each key of older releases that is still set, with the value that applies
    instead."""
    return removed_in_use(AgentSettings, path or DEFAULT_FILE)


def _check_privacy(path: Path) -> None:
    """Raises ConfigError where everybody may read a camera's password."""
    if holds_login(path.read_text(encoding="utf-8")) and is_open_to_all(path):
        raise ConfigError(
            f"{path}: a camera's password stands in it and everybody may read it."
            f" Run: chgrp matthan {path} && chmod 640 {path}"
        )


def _with_credentials(settings: AgentSettings) -> AgentSettings:
    """With the node's key from systemd, where its own file is gone."""
    key = credential(NODE_KEY)
    if key is None or settings.broker.key_file.exists():
        return settings
    broker = settings.broker.model_copy(update={"key_file": key})
    return settings.model_copy(update={"broker": broker})
