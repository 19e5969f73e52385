"""When sightings are an alert, when something is lost, and how phones are woken."""

from typing import ClassVar

from pydantic import Field

from hub.alerts.rules import FIRST_SAID
from toml_settings import Section


class PushSection(Section):
    """Waking phones."""

    removed: ClassVar = {
        "storm_span_s": "in a storm a phone rings at most once a minute",
        "check_hour": "phones that showed nothing for a day are asked at 9 o'clock",
        "check_answer_within_s": "a phone has an hour to answer",
    }

    subject: str = Field(
        pattern=r"^(mailto:\S+@\S+|https://\S+)$",
        description="Whom a push service writes to when something is wrong, as mailto:.",
    )
    vapid_key_file: str = Field(
        "",
        description="The key phones have subscribed to; losing it silences them all. "
        "Empty: vapid.pem in the secrets folder.",
    )
    allows_local: bool = Field(
        False,
        description="Let phones subscribe at push services on this network: rehearsals only.",
    )
    zalo_file: str = Field(
        "",
        description="Secrets of Zalo: Official Account, ZNS template, bot. Empty: zalo.toml in the "
        "secrets folder, if it is there.",
    )
    services_file: str = Field(
        "",
        description="Addresses of Telegram, SMS gateways and other services that Apprise knows. "
        "Empty: services.toml in the secrets folder, if it is there.",
    )
    ntfy_replaces: bool = Field(
        False,
        description="The ntfy server is 2.16 or newer: later words replace an alert's entry.",
    )
    calm_alerts: int = Field(
        3,
        ge=1,
        description="So many alerts within a minute ring one by one on a phone; more are told "
        "together.",
    )
    unseen_after_s: float = Field(
        20.0,
        ge=1,
        description="Seconds after which an alert that no phone of a person has shown goes to "
        "their next channel.",
    )


class AlertsSection(Section):
    """When sightings are one alert."""

    removed: ClassVar = {"late_after_s": "events older than ten minutes are filed and wake nobody"}

    group_quiet_s: float = Field(
        20.0,
        ge=0,
        description="Seconds without anybody after which the next person is a new alert. "
        "Larger: fewer alerts, news comes later.",
    )
    group_max_s: float = Field(
        60.0,
        gt=0,
        description="Seconds after which a running alert takes no more and officers hear anew.",
    )
    cooldown_s: float = Field(
        30.0,
        ge=0,
        description="Seconds in which a spot that has just woken people raises its next alert "
        "without ringing.",
    )
    critical_kinds: list[str] = Field(
        [],
        description="Kinds of sightings whose alerts neither a cooldown nor a storm holds back.",
    )
    critical_rules: list[str] = Field(
        sorted(FIRST_SAID),
        description="Rules of a camera whose meeting makes its alert critical, so that phones ring "
        "once more; the others are only written in it.",
    )


class TroublesSection(Section):
    """When those who look after cameras are told that one, or its node or line, is lost."""

    removed: ClassVar = {
        "node_unheard_after_s": "a connected node may be silent for five minutes",
        "broker_lost_after_s": "the hub may be without its broker for 30 s",
        "back_after_s": "what is back for less than 30 s is still lost",
        "settle_s": "no node is judged for 90 s after the broker is back",
        "link_nodes": "three nodes of an area, and half of it, are one alert",
        "link_within_s": "if they fall silent within two minutes",
    }

    camera_lost_after_s: float = Field(
        30.0, ge=0, description="Seconds a camera must be lost before anybody is told."
    )
    node_silent_after_s: float = Field(
        60.0,
        ge=30,
        description="Seconds a node must be gone from the broker. Below a minute, one cut line "
        "may be told as several silent nodes.",
    )
