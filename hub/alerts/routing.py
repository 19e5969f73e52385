"""Whether a sighting wakes people: raise a new alert, join one that runs, or nothing.

One person who walks past, comes back and is joined by two friends is one alert, not four. So a
sighting joins the alert that its camera already has for the same kind of thing, as long as
somebody can still act on that alert, it is not quiet, and it has not gone on for so long that
the officers should be told anew. What arrives too late to be acted on wakes nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.alerts.alert import State
from hub.alerts.rules import FIRST_SAID

CROWD: Final = "crowd"
"""The kind of a sighting that stands for all in a crowd; its people are about so many."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When sightings are one alert, and when they are too old to wake anybody."""

    group_quiet_s: float = 20.0
    """An alert nobody was seen in for longer takes no new sightings."""
    group_max_s: float = 60.0
    """An alert that began longer ago takes no new sightings: people are told again."""
    open_silence_s: float = 300.0
    """A sighting that was never closed and was not spoken of for longer counts as over: its node
    may have lost its power, or its disk, with the closing unsaid."""
    late_after_s: float = 600.0
    """What happened longer ago is filed and wakes nobody."""
    cooldown_s: float = 30.0
    """A spot that woke people less than this before raises the next alert silently: it is in the
    inbox, and no phone rings."""
    critical_kinds: frozenset[str] = frozenset()
    """Kinds that neither a cooldown nor a storm holds back."""
    critical_rules: frozenset[str] = frozenset(FIRST_SAID)
    """Rules of a camera whose meeting makes an alert critical, and is told once more."""
    alerting_kinds: frozenset[str] = frozenset({"person", CROWD})
    """What wakes people; everything else is noted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting that begins: what, where, when it was first seen, how old the news is."""

    camera_id: UUID
    kind: str
    first_seen_utc_us: int
    confirmed_utc_us: int
    age_s: float
    """How long ago the hub must believe it happened."""
    zone: str | None = None
    """The part of the camera's view; camera, zone and kind are the spot."""
    wakes: bool = True
    """False outside its camera's alert hours, unless it met a rule."""
    is_critical: bool = False
    """It met a rule for which neither a cooldown nor a storm holds it back."""


@dataclass(frozen=True, slots=True)
class Running:
    """An alert that might take another sighting."""

    alert_id: UUID
    camera_id: UUID
    kind: str
    state: State
    began_utc_us: int
    last_seen_utc_us: int
    has_open_sighting: bool
    """Nobody has said that they are gone."""


@dataclass(frozen=True, slots=True)
class Raise:
    """Nobody knows of this yet: a new alert; `quiet_reason` says why it wakes nobody, if so."""

    reason: str
    quiet_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """The alert that people already have grows."""

    alert_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Late:
    """Too old to act on: stored, nobody is woken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Not a thing people are woken for."""

    reason: str


Decision = Raise | Join | Late | Nothing


def decide(
    seen: Seen, running: Iterable[Running], policy: Policy, *, woke_utc_us: int | None = None
) -> Decision:
    """What becomes of a sighting, given the alerts of its camera and the policy.

    `woke_utc_us`: when the last alert of this very spot began that woke people.
    """
    if seen.kind not in policy.alerting_kinds:
        return Nothing(f"a {seen.kind} is noted, not alerted")
    if seen.age_s > policy.late_after_s:
        return Late(f"{seen.age_s:.0f} s old when it arrived, {policy.late_after_s:.0f} s is late")
    joinable = [alert for alert in running if takes(alert, seen, policy)]
    if not joinable and not seen.wakes:
        return Nothing("outside the alert hours of its camera it is noted")
    if not joinable:
        quiet_reason = why_quiet(seen, policy, woke_utc_us=woke_utc_us)
        return Raise("no alert of this camera takes it", quiet_reason)
    newest = max(joinable, key=lambda alert: (alert.began_utc_us, alert.alert_id))
    return Join(newest.alert_id, "the same camera's alert is still going on")


def why_quiet(seen: Seen, policy: Policy, *, woke_utc_us: int | None) -> str | None:
    """Why a new alert wakes nobody; None if it does."""
    if woke_utc_us is None or seen.is_critical or seen.kind in policy.critical_kinds:
        return None
    since_s = (seen.first_seen_utc_us - woke_utc_us) / 1_000_000
    if not 0 <= since_s < policy.cooldown_s:
        return None
    return f"this spot woke people {since_s:.0f} s before, {policy.cooldown_s:.0f} s are its rest"


def takes(alert: Running, seen: Seen, policy: Policy) -> bool:
    """Whether this alert and that sighting are one matter."""
    return (
        alert.camera_id == seen.camera_id
        and alert.kind == seen.kind
        and alert.state.is_running
        and not is_quiet(alert, seen, policy)
        and not is_over_long(alert, seen, policy)
    )


def is_quiet(alert: Running, seen: Seen, policy: Policy) -> bool:
    """Whether nobody was in view for too long before this sighting began."""
    bound_s = policy.group_quiet_s
    if alert.has_open_sighting:
        bound_s = max(bound_s, policy.open_silence_s)
    return seen.first_seen_utc_us - alert.last_seen_utc_us > bound_s * 1_000_000


def is_over_long(alert: Running, seen: Seen, policy: Policy) -> bool:
    """Whether the alert began so long before this sighting that people should hear anew.

    Measured both ways: a sighting from long before an alert is another matter too.
    """
    return abs(seen.first_seen_utc_us - alert.began_utc_us) > policy.group_max_s * 1_000_000


def age_s(
    *, received_utc_us: int, stamp_utc_us: int, stamp_error_ms: int | None, age_ms: int | None
) -> float:
    """How long ago it happened at the least, seconds; 0 when nothing is known.

    The age by the node's monotonic clock can only be too small (the message may have waited at
    the broker since), so the larger of the two witnesses counts. A stamp nobody vouches for is
    no witness; one with an error bound is believed as young as the bound allows, because an
    alert too many is better than one too few.
    """
    by_age_s = (age_ms or 0) / 1000
    if stamp_error_ms is None:
        return by_age_s
    by_stamp_s = (received_utc_us - stamp_utc_us) / 1_000_000 - stamp_error_ms / 1000
    return max(by_age_s, by_stamp_s, 0.0)
