"""When sightings are an alert, when something is lost, and how phones are woken."""

from pydantic import Field

from hub.alerts.rules import FIRST_SAID
from hub.config.section import Section


class PushSection(Section):
    """Waking phones."""

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
        description="So many alerts within the span below ring one by one on a phone; more are "
        "told together.",
    )
    storm_span_s: float = Field(
        60.0,
        gt=0,
        le=600,
        description="Seconds; in a storm a phone rings at most once in so many.",
    )
    check_hour: int = Field(
        9,
        ge=-1,
        le=23,
        description="The hour of the day at which phones that showed nothing for a day are asked "
        "for a sign of life, without a sound. -1: never.",
    )
    check_answer_within_s: float = Field(
        3600.0,
        ge=60,
        le=43_200,
        description="Seconds a phone may take to answer; then its owner and keepers are told.",
    )
    unseen_after_s: float = Field(
        20.0,
        ge=1,
        description="Seconds after which an alert that no phone of a person has shown goes to "
        "their next channel.",
    )


class AlertsSection(Section):
    """When sightings are one alert."""

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
    late_after_s: float = Field(
        600.0, gt=0, description="Events older than this, seconds, are filed and wake nobody."
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

    camera_lost_after_s: float = Field(
        30.0, ge=0, description="Seconds a camera must be lost before anybody is told."
    )
    node_silent_after_s: float = Field(
        60.0,
        ge=30,
        description="Seconds a node must be gone from the broker. Below a minute, one cut line "
        "may be told as several silent nodes.",
    )
    node_unheard_after_s: float = Field(
        300.0,
        ge=90,
        description="Seconds without a word of a node that reports every minute and still holds "
        "its connection.",
    )
    broker_lost_after_s: float = Field(
        30.0, ge=5, description="Seconds the hub itself must be without its broker."
    )
    back_after_s: float = Field(
        30.0,
        ge=0,
        description="What is back for less than these seconds is still lost: a line that flaps "
        "is told once.",
    )
    settle_s: float = Field(
        90.0,
        ge=0,
        description="Seconds after the hub has its broker again in which no node is judged.",
    )
    link_nodes: int = Field(
        3,
        ge=2,
        description="So many nodes of one area, and half of it, that fall silent together are one "
        "alert: the line or the power.",
    )
    link_within_s: float = Field(
        120.0, ge=30, description="Together means within these seconds of one another."
    )
