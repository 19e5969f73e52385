"""Configuration of alerts, troubles and push messages."""

from typing import ClassVar

from pydantic import Field

from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.rules.rules_met import FIRST_SAID
from toml_settings import Section


class PushSection(Section):
    """Section of push messages: contact, keys, files of channels, rate limit."""

    removed: ClassVar = {
        "storm_span_s": "in a storm a phone rings at most once a minute",
        "check_hour": "phones that showed nothing for a day are asked at 9 o'clock",
        "check_answer_within_s": "a phone has an hour to answer",
    }

    subject: str = Field(
        pattern=r"^(mailto:\S+@\S+|https://\S+)$",
        description="The contact for push services, as mailto:.",
    )
    vapid_key_file: str = Field(
        "",
        description="The key of all push subscriptions; its loss silences every phone. "
        "Empty: vapid.pem in the secrets folder.",
    )
    allows_local: bool = Field(
        False,
        description="Allow push services on the local network; for rehearsals only.",
    )
    private_hosts: list[str] = Field(
        [],
        description="The hosts of the town's own services, as its addresses name them, that may "
        'be on a private network: ["ntfy.lan"]. No phone can register such an address.',
    )
    zalo_file: str = Field(
        "",
        description="The secrets of Zalo: Official Account, ZNS template, bot. Empty: "
        "zalo.toml in the secrets folder, if it exists.",
    )
    services_file: str = Field(
        "",
        description="The addresses of Telegram, SMS gateways and other services of Apprise."
        " Empty: services.toml in the secrets folder, if it exists.",
    )
    ntfy_replaces: bool = Field(
        False,
        description="The ntfy server is 2.16 or newer: a later message replaces an alert's entry.",
    )
    calm_alerts: int = Field(
        3,
        ge=1,
        description="The number of alerts within a minute that ring one by one on a phone; "
        "more come together.",
    )
    unseen_after_s: float = Field(
        20.0,
        ge=1,
        description="Seconds until an alert that no phone of a person shows goes to their "
        "next channel.",
    )


class AlertsSection(Section):
    """Grouping of sightings into alerts."""

    removed: ClassVar = {"late_after_s": "events older than ten minutes are filed and wake nobody"}

    group_quiet_s: float = Field(
        20.0,
        ge=0,
        description="Seconds without a person after which the next person is a new alert. "
        "Larger: fewer alerts, later news.",
    )
    group_max_s: float = Field(
        60.0,
        gt=0,
        description="Seconds after which an alert accepts no more sightings and officers "
        "are told again.",
    )
    cooldown_s: float = Field(
        30.0,
        ge=0,
        description="Seconds in which a spot that just rang raises its next alert silently.",
    )
    critical_kinds: list[str] = Field(
        [],
        description="Kinds of sightings whose alerts ignore cooldown and batching.",
    )
    critical_rules: list[str] = Field(
        sorted(FIRST_SAID),
        description="Rules of a camera that make an alert critical, so that phones ring "
        "once more; other rules are only shown.",
    )

    def policy(self) -> Policy:
        """Which sightings raise and join alerts."""
        return Policy(
            group_quiet_s=self.group_quiet_s,
            group_max_s=self.group_max_s,
            cooldown_s=self.cooldown_s,
            critical_kinds=frozenset(self.critical_kinds),
            critical_rules=frozenset(self.critical_rules),
        )


class TroublesSection(Section):
    """Timing of notices about a lost camera, node or connection."""

    removed: ClassVar = {
        "node_unheard_after_s": "a connected node may be silent for five minutes",
        "broker_lost_after_s": "the hub may be without its broker for 30 s",
        "back_after_s": "what is back for less than 30 s is still lost",
        "settle_s": "no node is judged for 90 s after the broker is back",
        "link_nodes": "three nodes of an area, and half of it, are one alert",
        "link_within_s": "if they fall silent within two minutes",
    }

    camera_lost_after_s: float = Field(
        30.0, ge=0, description="Seconds until a lost camera is reported."
    )
    node_silent_after_s: float = Field(
        60.0,
        ge=30,
        description="Seconds until a node without a connection is reported. Below a minute,"
        " one cut line may be reported as several silent nodes.",
    )
