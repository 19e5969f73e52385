"""The hub's whole configuration, and its loading."""

from pathlib import Path
from typing import Final

from pydantic_settings import SettingsConfigDict

from hub.app.config.alerting import AlertsSection, PushSection, TroublesSection
from hub.app.config.machine import (
    BrokerSection,
    EnrolSection,
    EvidenceSection,
    LogSection,
    OidcSection,
    SecretsSection,
    StoreSection,
    WebSection,
)
from hub.app.config.public import (
    DataRequestsSection,
    HouseholdsSection,
    PublicSection,
    TipsSection,
)
from toml_settings import FileSettings
from toml_settings import load as load_file
from toml_settings import removed_keys_in_use as removed_in_use

DEFAULT_FILE: Final = Path("/etc/matthan/hub.toml")


class HubSettings(FileSettings):
    """The whole configuration file of the hub."""

    model_config = SettingsConfigDict(env_prefix="MATTHAN_HUB__")
    program = "hub"

    store: StoreSection = StoreSection()
    broker: BrokerSection = BrokerSection()
    web: WebSection
    public: PublicSection = PublicSection()
    tips: TipsSection = TipsSection()
    households: HouseholdsSection = HouseholdsSection()
    petitions: DataRequestsSection = DataRequestsSection()
    enrol: EnrolSection = EnrolSection()
    oidc: OidcSection = OidcSection()
    push: PushSection
    alerts: AlertsSection = AlertsSection()
    troubles: TroublesSection = TroublesSection()
    secrets: SecretsSection = SecretsSection()
    evidence: EvidenceSection = EvidenceSection()
    log: LogSection = LogSection()


def load(path: Path | None) -> HubSettings:
    """The settings in `path`, overridden by the environment.

    Without a path: `DEFAULT_FILE` if it exists, else the environment alone. Raises ConfigError with
    a line for each fault.
    """
    return load_file(HubSettings, path or DEFAULT_FILE, is_needed=path is not None)


def removed_keys_in_use(path: Path | None) -> list[str]:
    """A line for each removed key that is still set, with its replacement."""
    return removed_in_use(HubSettings, path or DEFAULT_FILE)
