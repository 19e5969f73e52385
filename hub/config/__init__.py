"""The hub's configuration: a TOML file, overruled key by key by the environment.

[web]                      MATTHAN_HUB__WEB__PORT=8081
port = 8080
"""

from hub.config.alerting import AlertsSection
from hub.config.file import ConfigError
from hub.config.load import DEFAULT_FILE, known_keys, load
from hub.config.machine import BrokerSection, LogSection, SecretsSection
from hub.config.public import PetitionsSection, PublicSection
from hub.config.settings import HubSettings

__all__ = [
    "DEFAULT_FILE",
    "AlertsSection",
    "BrokerSection",
    "ConfigError",
    "HubSettings",
    "LogSection",
    "PetitionsSection",
    "PublicSection",
    "SecretsSection",
    "known_keys",
    "load",
]
