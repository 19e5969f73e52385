"""Silences: set by a person, never by the hub itself.

A person silences a camera, or a zone or kind on it, with an end and a reason. An officer who is
alerted can silence an alert's camera for an hour (a snooze); critical alerts come all the same.
After three false alarms in a row at one spot, whoever closes the third is offered a mute of that
spot only: its zone, its kind and the rule met there. Everything else still alerts. Tampering and
lost nodes are never silenced: somebody covering a camera would want exactly that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

FALSE_IN_A_ROW: Final = 3
MUTED_S: Final = 14 * 86_400.0
"""Length of a mute, and how far back its false alarms count."""
LONGEST_S: Final = 31 * 86_400.0
"""Longest silence by a person; after that, move the camera or its zones."""
SNOOZE_S: Final = 3600.0
"""Length of a silence set from an alert by an officer who does not look after the camera."""
MOST_SNOOZES: Final = 3
SNOOZES_IN_S: Final = 86_400.0
"""At most so many per camera in this time."""
NOT_CRITICAL: Final = "not_critical"
"""In place of a rule: everything except critical alerts."""


@dataclass(frozen=True, slots=True)
class AlertSpot:
    """Zone or line of a camera's view, kind, and rule met."""

    camera_id: UUID
    kind: str
    zone: str | None = None
    """None: the whole view."""
    rule: str | None = None
    """None: no rule was met."""
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence, valid until just before `until_utc_us`."""

    silence_id: UUID
    camera_id: UUID
    kind: str | None
    zone: str | None
    rule: str | None
    """For an exact silence the rule that was met; otherwise None or `NOT_CRITICAL`."""
    is_exact: bool
    """True: only this exact spot. False: None stands for any value."""
    until_utc_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ending:
    """The act of a person who closed an alert of the spot."""

    was_false: bool
    closed_utc_us: int


def covers(silence: Silence, spot: AlertSpot, *, now_utc_us: int) -> bool:
    """True if the silence covers this spot now."""
    if silence.camera_id != spot.camera_id or silence.until_utc_us <= now_utc_us:
        return False
    if silence.is_exact:
        here = (silence.kind, silence.zone, silence.rule)
        return here == (spot.kind, spot.zone, spot.rule)
    if silence.rule == NOT_CRITICAL and spot.is_critical:
        return False
    is_kind = silence.kind is None or silence.kind == spot.kind
    return is_kind and (silence.zone is None or silence.zone == spot.zone)


def silenced_by(silences: Iterable[Silence], spot: AlertSpot, *, now_utc_us: int) -> Silence | None:
    """The longest of the silences that cover the spot."""
    found = [one for one in silences if covers(one, spot, now_utc_us=now_utc_us)]
    return max(found, key=lambda one: (one.until_utc_us, one.silence_id), default=None)


def may_be_muted(endings: Sequence[Ending], *, now_utc_us: int) -> bool:
    """True if the last alerts of a spot were false in a row; `endings` can have any order.

    Pass only endings after the last mute: ending a mute starts the count again.
    """
    newest = sorted(endings, key=lambda one: one.closed_utc_us, reverse=True)[:FALSE_IN_A_ROW]
    since_us = now_utc_us - round(MUTED_S * 1_000_000)
    return len(newest) == FALSE_IN_A_ROW and all(
        one.was_false and one.closed_utc_us > since_us for one in newest
    )
