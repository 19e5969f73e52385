"""The hub's configuration as a whole."""

from typing import Final

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hub.config.alerting import AlertsSection, PushSection, TroublesSection
from hub.config.machine import (
    BrokerSection,
    EnrolSection,
    EvidenceSection,
    LogSection,
    OidcSection,
    SecretsSection,
    StoreSection,
    WebSection,
)
from hub.config.public import (
    HouseholdsSection,
    PetitionsSection,
    PublicSection,
    TipsSection,
)

PREFIX: Final = "MATTHAN_HUB__"


class HubSettings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    store: StoreSection = StoreSection()
    broker: BrokerSection = BrokerSection()
    web: WebSection
    public: PublicSection = PublicSection()
    tips: TipsSection = TipsSection()
    households: HouseholdsSection = HouseholdsSection()
    petitions: PetitionsSection = PetitionsSection()
    enrol: EnrolSection = EnrolSection()
    oidc: OidcSection = OidcSection()
    push: PushSection
    alerts: AlertsSection = AlertsSection()
    troubles: TroublesSection = TroublesSection()
    secrets: SecretsSection = SecretsSection()
    evidence: EvidenceSection = EvidenceSection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - called by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what was read from the file."""
        return env_settings, init_settings
