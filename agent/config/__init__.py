"""The node's configuration: its sections, its file, and what the hub sets above it."""

from agent.config.camera import CameraSection
from agent.config.load import DEFAULT_FILE, load, removed_keys_in_use
from agent.config.remote.settings import Prover, SettingsFromHub
from agent.config.sections import AgentSettings
from toml_settings import ConfigError

__all__ = [
    "DEFAULT_FILE",
    "AgentSettings",
    "CameraSection",
    "ConfigError",
    "Prover",
    "SettingsFromHub",
    "load",
    "removed_keys_in_use",
]
