"""Alert grouping: decides whether a sighting raises an alert, joins one, or does nothing.

A person who walks past, comes back and is joined by two friends is one alert, not four. A sighting
joins the running alert of its camera for the same kind, unless the alert was closed, is quiet, or
has gone on so long that officers should be told again. A sighting that arrives too late rings no
phone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.alerting.alerts.rules.kinds import SIGHTINGS
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import FIRST_SAID

OPEN_SIGHTING_S: Final = 300.0
"""An open sighting without an update for longer counts as closed: its node may have lost power or
disk."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits for grouping and for late sightings."""

    group_quiet_s: float = 20.0
    """An alert without a sighting for longer accepts no more."""
    group_max_s: float = 60.0
    """An alert that began longer ago accepts no more: people are told again."""
    late_after_s: float = 600.0
    """An older sighting is stored and rings no phone."""
    cooldown_s: float = 30.0
    """If this spot rang a phone less than this before, the next alert is silent: inbox only."""
    critical_kinds: frozenset[str] = frozenset()
    """Kinds exempt from cooldown and rate limit."""
    critical_rules: frozenset[str] = frozenset(FIRST_SAID)
    """Camera rules that make an alert critical and ring again."""
    alerting_kinds: frozenset[str] = SIGHTINGS
    """Kinds that raise alerts; all others are only stored."""


@dataclass(frozen=True, slots=True)
class NewSighting:
    """A new sighting: kind, place, first time, and age."""

    camera_id: UUID
    kind: str
    first_seen_utc_us: int
    confirmed_utc_us: int
    age_s: float
    """Minimum age in seconds (see `age_s`)."""
    zone: str | None = None
    """Zone of the view; camera, zone and kind are the spot."""
    wakes: bool = True
    """False outside the camera's alert hours, unless a rule was met."""
    is_critical: bool = False
    """True if the sighting met a rule that is exempt from cooldown and rate limit."""


@dataclass(frozen=True, slots=True)
class RunningAlert:
    """An alert that a sighting may join."""

    alert_id: UUID
    camera_id: UUID
    kind: str
    state: AlertState
    began_utc_us: int
    last_seen_utc_us: int
    has_open_sighting: bool
    """A sighting of it is not closed yet."""


@dataclass(frozen=True, slots=True)
class RaiseAlert:
    """Raise a new alert; `quiet_reason` says why it rings no phone, if so."""

    reason: str
    quiet_reason: str | None = None


@dataclass(frozen=True, slots=True)
class JoinAlert:
    """Add the sighting to this alert."""

    alert_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TooLate:
    """Too old to act on: store it, ring no phone."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAlert:
    """The kind of this sighting raises no alerts."""

    reason: str


Decision = RaiseAlert | JoinAlert | TooLate | NoAlert


def decide(
    seen: NewSighting,
    running: Iterable[RunningAlert],
    policy: Policy,
    *,
    woke_utc_us: int | None = None,
) -> Decision:
    """Decide about a sighting, given the alerts of its camera and the policy.

    `woke_utc_us`: start of the last alert of this spot that rang a phone.
    """
    if seen.kind not in policy.alerting_kinds:
        return NoAlert(f"a {seen.kind} is noted, not alerted")
    if seen.age_s > policy.late_after_s:
        return TooLate(
            f"{seen.age_s:.0f} s old when it arrived, {policy.late_after_s:.0f} s is late"
        )
    joinable = [alert for alert in running if takes(alert, seen, policy)]
    if not joinable and not seen.wakes:
        return NoAlert("outside the alert hours of its camera it is noted")
    if not joinable:
        quiet_reason = why_quiet(seen, policy, woke_utc_us=woke_utc_us)
        return RaiseAlert("no alert of this camera takes it", quiet_reason)
    newest = max(joinable, key=lambda alert: (alert.began_utc_us, alert.alert_id))
    return JoinAlert(newest.alert_id, "the same camera's alert is still going on")


def is_for_alerts(seen: NewSighting, policy: Policy) -> bool:
    """True if `decide` needs the running alerts. False if the kind raises none, or if the sighting
    is too late."""
    return seen.kind in policy.alerting_kinds and seen.age_s <= policy.late_after_s


def why_quiet(seen: NewSighting, policy: Policy, *, woke_utc_us: int | None) -> str | None:
    """Why a new alert rings no phone; None if it does."""
    if woke_utc_us is None or seen.is_critical or seen.kind in policy.critical_kinds:
        return None
    since_s = (seen.first_seen_utc_us - woke_utc_us) / 1_000_000
    if not 0 <= since_s < policy.cooldown_s:
        return None
    return f"this spot woke people {since_s:.0f} s before, {policy.cooldown_s:.0f} s are its rest"


def takes(alert: RunningAlert, seen: NewSighting, policy: Policy) -> bool:
    """True if the alert takes the sighting."""
    return (
        alert.camera_id == seen.camera_id
        and alert.kind == seen.kind
        and alert.state.is_running
        and not is_quiet(alert, seen, policy)
        and not is_over_long(alert, seen, policy)
    )


def is_quiet(alert: RunningAlert, seen: NewSighting, policy: Policy) -> bool:
    """True if nobody was in view for too long before this sighting."""
    bound_s = policy.group_quiet_s
    if alert.has_open_sighting:
        bound_s = max(bound_s, OPEN_SIGHTING_S)
    return seen.first_seen_utc_us - alert.last_seen_utc_us > bound_s * 1_000_000


def is_over_long(alert: RunningAlert, seen: NewSighting, policy: Policy) -> bool:
    """True if alert and sighting are so far apart in time that people should be told again.

    Measured both ways: a sighting from long before an alert does not belong to it either.
    """
    return abs(seen.first_seen_utc_us - alert.began_utc_us) > policy.group_max_s * 1_000_000


def age_s(
    *, received_utc_us: int, stamp_utc_us: int, stamp_error_ms: int | None, age_ms: int | None
) -> float:
    """Minimum age of the sighting in seconds; 0 if unknown.

    The age by the node's monotonic clock can only be too small, because the message may have waited
    at the broker. So the larger of the two estimates counts. A stamp from an untrusted clock is
    ignored. With an error bound the youngest possible time counts: an alert too many is better than
    one too few.
    """
    by_age_s = (age_ms or 0) / 1000
    if stamp_error_ms is None:
        return by_age_s
    by_stamp_s = (received_utc_us - stamp_utc_us) / 1_000_000 - stamp_error_ms / 1000
    return max(by_age_s, by_stamp_s, 0.0)
