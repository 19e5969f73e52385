"""The hub's configuration: its sections and its file."""

from hub.app.config.alerting import AlertsSection
from hub.app.config.machine import BrokerSection, LogSection, SecretsSection
from hub.app.config.public import DataRequestsSection, PublicSection
from hub.app.config.settings import DEFAULT_FILE, HubSettings, load, removed_keys_in_use
from toml_settings import ConfigError

__all__ = [
    "DEFAULT_FILE",
    "AlertsSection",
    "BrokerSection",
    "ConfigError",
    "DataRequestsSection",
    "HubSettings",
    "LogSection",
    "PublicSection",
    "SecretsSection",
    "load",
    "removed_keys_in_use",
]
