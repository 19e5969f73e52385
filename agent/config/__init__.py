"""Configuration of the node: a TOML file, overridden key by key by the environment.

    [broker]                   MATTHAN_AGENT__BROKER__PORT=8884
    port = 8883

An unknown key is a typing error, in the file and in the environment, and the agent refuses to
start: otherwise a misspelt `preroll_s` would go unnoticed until the clip is needed.
"""

from agent.config.afar import Prover, SettingsFromHub
from agent.config.camera import CameraSection
from agent.config.file import ConfigError
from agent.config.load import DEFAULT_FILE, known_keys, load
from agent.config.sections import AgentSettings

__all__ = [
    "DEFAULT_FILE",
    "AgentSettings",
    "CameraSection",
    "ConfigError",
    "Prover",
    "SettingsFromHub",
    "known_keys",
    "load",
]
